/** As wide as the posters that are found. */
const MOST_WIDE = 1280;
const QUALITY = 0.86;

/** A picture as a JPEG, no wider than a poster needs to be; null where it cannot be read. */
export async function jpegOf(source: CanvasImageSource, width: number, height: number): Promise<Blob | null> {
  const scale = Math.min(1, MOST_WIDE / width);
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  if (!context) return null;
  // A JPEG knows no transparency, and black is what it would become.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
}

/** Any picture that the browser can show, as such a JPEG; null for what is none. */
export async function pictureOf(file: Blob): Promise<Blob | null> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image.naturalWidth > 0 ? await jpegOf(image, image.naturalWidth, image.naturalHeight) : null;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}
