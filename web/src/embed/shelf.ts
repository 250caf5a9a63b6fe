import type { Kept, Shelf } from './client';

/**
 * The session storage of this frame, which browsers keep apart for each site around it, and may forbid. What is taken is
 * taken away, so that two frames with the same film never share a session.
 */
export function sessionShelf(videoId: string): Shelf {
  const key = `lectern.embed.${videoId}`;
  return {
    take() {
      try {
        const kept = sessionStorage.getItem(key);
        sessionStorage.removeItem(key);
        return kept ? (JSON.parse(kept) as Kept) : null;
      } catch {
        return null;
      }
    },
    put(kept) {
      try {
        sessionStorage.setItem(key, JSON.stringify(kept));
      } catch {
        // After a reload the page around is asked for a token.
      }
    },
  };
}
