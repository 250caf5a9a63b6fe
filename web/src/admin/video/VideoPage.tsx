export default function VideoPage({ videoId }: { videoId: string }) {
  return (
    <div className="page">
      <h1>{videoId}</h1>
    </div>
  );
}
