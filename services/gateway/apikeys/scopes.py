"""What an API key may do. A route that does not stand here refuses every API key."""

from enum import StrEnum


class Scope(StrEnum):
    TOKENS = "tokens"
    COURSES = "courses"
    ENROLLMENTS = "enrollments"
    VIDEOS = "videos"
    PROGRESS = "progress"
    ALL = "*"


ROUTES = {
    ("POST", "/api/access-tokens"): Scope.TOKENS,
    ("GET", "/api/courses"): Scope.COURSES,
    ("GET", "/api/courses/{course_id}"): Scope.COURSES,
    ("PUT", "/api/admin/courses/{course_id}"): Scope.COURSES,
    ("PUT", "/api/admin/courses/{course_id}/instructors/{user_id}"): Scope.COURSES,
    ("DELETE", "/api/admin/courses/{course_id}/instructors/{user_id}"): Scope.COURSES,
    ("GET", "/api/admin/courses/{course_id}/quota"): Scope.COURSES,
    ("PUT", "/api/admin/courses/{course_id}/quota"): Scope.COURSES,
    ("GET", "/api/admin/enrollments"): Scope.ENROLLMENTS,
    ("POST", "/api/admin/enrollments"): Scope.ENROLLMENTS,
    ("POST", "/api/admin/enrollments/withdraw"): Scope.ENROLLMENTS,
    ("PUT", "/api/admin/enrollments/{course_id}/{user_id}"): Scope.ENROLLMENTS,
    ("DELETE", "/api/admin/enrollments/{course_id}/{user_id}"): Scope.ENROLLMENTS,
    ("POST", "/api/videos/upload"): Scope.VIDEOS,
    ("PUT", "/api/videos/{video_id}/replace"): Scope.VIDEOS,
    ("POST", "/api/videos/{video_id}/rollback"): Scope.VIDEOS,
    ("POST", "/api/videos/ingest"): Scope.VIDEOS,
    ("POST", "/api/videos/batch-status"): Scope.VIDEOS,
    ("POST", "/api/uploads"): Scope.VIDEOS,
    ("GET", "/api/uploads/{upload_id}"): Scope.VIDEOS,
    ("DELETE", "/api/uploads/{upload_id}"): Scope.VIDEOS,
    ("POST", "/api/uploads/{upload_id}/parts"): Scope.VIDEOS,
    ("GET", "/api/uploads/{upload_id}/parts"): Scope.VIDEOS,
    ("POST", "/api/uploads/{upload_id}/complete"): Scope.VIDEOS,
    ("POST", "/api/uploads/tus"): Scope.VIDEOS,
    ("HEAD", "/api/uploads/tus/{upload_id}"): Scope.VIDEOS,
    ("PATCH", "/api/uploads/tus/{upload_id}"): Scope.VIDEOS,
    ("DELETE", "/api/uploads/tus/{upload_id}"): Scope.VIDEOS,
    ("GET", "/api/upload-links"): Scope.VIDEOS,
    ("POST", "/api/upload-links"): Scope.VIDEOS,
    ("DELETE", "/api/upload-links/{link_id}"): Scope.VIDEOS,
    ("DELETE", "/api/videos/{video_id}"): Scope.VIDEOS,
    ("PUT", "/api/videos/{video_id}/download-policy"): Scope.VIDEOS,
    ("GET", "/api/videos/by-content"): Scope.VIDEOS,
    ("GET", "/api/admin/storage"): Scope.VIDEOS,
    ("POST", "/api/admin/storage/reconcile"): Scope.VIDEOS,
    ("POST", "/api/videos/from-existing"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/status"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/events"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/thumbnails"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/storyboard.vtt"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/storyboard.json"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/captions"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/captions/search"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/captions/{language}.vtt"): Scope.VIDEOS,
    ("GET", "/api/videos/{video_id}/captions/{language}.srt"): Scope.VIDEOS,
    ("PUT", "/api/videos/{video_id}/captions/{language}"): Scope.VIDEOS,
    ("PATCH", "/api/videos/{video_id}/captions/{language}"): Scope.VIDEOS,
    ("DELETE", "/api/videos/{video_id}/captions/{language}"): Scope.VIDEOS,
    ("POST", "/api/videos/{video_id}/captions/draft"): Scope.VIDEOS,
    ("GET", "/api/progress/chapters/{chapter_id}"): Scope.PROGRESS,
    ("GET", "/api/progress/chapters/{chapter_id}/history"): Scope.PROGRESS,
    ("GET", "/api/progress/continue"): Scope.PROGRESS,
    ("GET", "/api/progress/courses/{course_id}"): Scope.PROGRESS,
    ("GET", "/api/progress/stats"): Scope.PROGRESS,
    ("GET", "/api/progress/events"): Scope.PROGRESS,
    ("GET", "/api/admin/statements"): Scope.PROGRESS,
}
"""By method and path template. Deny by default: ``*`` is all of these and nothing beside them."""
