export { abandon } from './abandon';
export { acceptFindings } from './accept-findings';
export { migrate } from './migrate';
export { verify } from './verify';
