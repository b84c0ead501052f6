export { abandon } from './abandon';
export { acceptFindings } from './accept-findings';
export { migrate } from './migrate';
export { repair } from './repair';
export { replay } from './replay';
export { resync } from './resync';
export { undo } from './undo';
export { verify } from './verify';
