"""What may be said of real and generated images without any label: tests against reference images, verdict, page."""
