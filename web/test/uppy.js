// A page of somebody else's that uploads with Uppy as its manual says; tests/browser/test_three_origins.py builds it.
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';

/** Sends the file at `path` of this page's own origin; the id of the video. */
window.sendByUppy = async ({ endpoint, headers, chapterId, path, name }) => {
  const film = new File([await (await fetch(path)).arrayBuffer()], name, { type: 'video/mp4' });
  let video = null;
  const uppy = new Uppy({ meta: { chapterId } }).use(Tus, {
    endpoint,
    headers,
    chunkSize: 5 * 1024 * 1024,
    onAfterResponse: (_request, response) => {
      video = response.getHeader('Lectern-Video-Id') ?? video;
    },
  });
  uppy.addFile({ name, type: film.type, data: film });
  const { failed } = await uppy.upload();
  if (failed.length > 0) throw new Error(failed[0].error);
  return video;
};
