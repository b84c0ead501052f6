export { abandon } from './abandon';
export { migrate } from './migrate';
