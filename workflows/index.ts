export { abandon } from './abandon';
export { migrate } from './migrate';
export { verify } from './verify';
