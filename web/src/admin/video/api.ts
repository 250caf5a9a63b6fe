import { pathOf } from '../../api/client';
import type * as Schema from '../../api/schema';
import type { VideoState } from '../../api/types';
import { client } from '../../app/auth';

export type Details = Omit<Schema.FilmDetails, 'status' | 'versions'> & {
  status: VideoState;
  versions: (Omit<Schema.FilmVersion, 'status'> & { status: VideoState })[];
};

const video = (id: string): string => `/api/videos/${encodeURIComponent(id)}`;
const job = (id: string): string => `/api/admin/jobs/${encodeURIComponent(id)}`;

/** What the page of one film asks and does. Each rejects with ApiError. */
export const api = {
  details: (id: string, signal?: AbortSignal) => client.call<Details>(`/api/admin/videos/${encodeURIComponent(id)}`, { signal }),
  rollBack: (id: string) => client.call<Schema.RolledBack>(`${video(id)}/rollback`, { method: 'POST' }),
  setPolicy: (id: string, policy: Details['downloadPolicy']) => client.call<Schema.DownloadPolicyAnswer>(`${video(id)}/download-policy`, { method: 'PUT', body: { policy } }),

  choosePoster: (id: string, time: number) => client.call<Schema.Poster>(`${video(id)}/poster`, { method: 'PUT', body: { time } }),
  /** `ofFilm`: a picture of the film as it is now, which goes with it when it is replaced. */
  uploadPoster: (id: string, picture: Blob, ofFilm: boolean) =>
    client.call<Schema.Poster>(pathOf(`${video(id)}/poster`, { ofFilm: ofFilm || null }), { method: 'PUT', raw: picture, type: 'image/jpeg' }),
  resetPoster: (id: string) => client.call<Schema.Poster>(`${video(id)}/poster`, { method: 'DELETE' }),

  job: (id: string, signal?: AbortSignal) => client.call<Schema.JobDetail>(job(id), { signal }),
  /** Of a job that is done, `retry` makes everything again. */
  changeJob: (id: string, what: 'pause' | 'resume' | 'cancel' | 'retry') => client.call<void>(`${job(id)}/${what}`, { method: 'POST', body: what === 'retry' ? {} : undefined }),

  retention: (id: string, signal?: AbortSignal) => client.call<Schema.RetentionPage>(`/api/admin/analytics/retention/${encodeURIComponent(id)}`, { signal }),
  /** The figures of one film among those of its course; null where nobody watched it lately. */
  experience: async (id: string, courseId: string, signal?: AbortSignal): Promise<Schema.ExperienceFigures | null> => {
    const path = pathOf('/api/admin/analytics/experience', { by: 'video', courseId, limit: 10_000 });
    const { items } = await client.call<Schema.ExperiencePage>(path, { signal });
    return items.find(({ key }) => key === id) ?? null;
  },
  figures: async (id: string, courseId: string, signal?: AbortSignal): Promise<Schema.VideoFigures | null> => {
    const { items } = await client.call<Schema.VideoPage>(pathOf('/api/admin/analytics/videos', { courseId, limit: 10_000 }), { signal });
    return items.find(({ videoId }) => videoId === id) ?? null;
  },
};

const captions = (id: string, language: string): string => `${video(id)}/captions/${encodeURIComponent(language)}`;

export const captionsApi = {
  all: (id: string, signal?: AbortSignal) => client.call<Schema.CaptionList>(`${video(id)}/captions`, { signal }),
  text: async (id: string, language: string, signal?: AbortSignal): Promise<string> =>
    (await client.answer(`${captions(id, language)}.vtt`, { accept: 'text/vtt', signal })).text(),
  put: (id: string, language: string, file: Blob | string) => client.call<Schema.Captions>(captions(id, language), { method: 'PUT', raw: file, type: 'text/vtt' }),
  change: (id: string, language: string, body: Partial<Schema.CaptionChange>) => client.call<Schema.Captions>(captions(id, language), { method: 'PATCH', body }),
  remove: (id: string, language: string) => client.call<void>(captions(id, language), { method: 'DELETE' }),
  draft: (id: string, language: string) => client.call<Schema.CaptionDraft>(`${video(id)}/captions/draft`, { method: 'POST', body: { language } }),
  /** Whether some worker can write down what is said; null where one may not know. */
  transcribes: async (signal?: AbortSignal): Promise<boolean | null> => {
    try {
      const { workers } = await client.call<Schema.WorkerList>('/api/admin/workers', { signal });
      return workers.some((worker) => worker.transcribes === true);
    } catch {
      return null;
    }
  },
};
