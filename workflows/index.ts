export { abandon } from './abandon';
export { acceptFindings } from './accept-findings';
export { forecast } from './forecast';
export { migrate } from './migrate';
export { repair } from './repair';
export { replay } from './replay';
export { verify } from './verify';
