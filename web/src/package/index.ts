/** `lectern-player`: defines `<lectern-player>`. Where there is no document, as on a server, it does nothing. */
import { LecternPlayer } from './element';

export { LecternPlayer };
export type { LecternPlayerEvents } from './element';
export type { GetAuthToken, ProgressDocument } from './types';

if (globalThis.customElements && !customElements.get('lectern-player')) customElements.define('lectern-player', LecternPlayer);
