#pragma once

#include "store/store.hpp"

namespace ociferry::testing {

/// Checks what store/store.hpp promises of everything that blobs are read from. `blob` is there and has at least two
/// bytes.
void check_blob_source(BlobSource& source, const Descriptor& blob);

/// The same, and what it promises of places with images. `image` is an image with a configuration and a layer that are
/// there.
void check_image_source(ImageSource& source, const Digest& image);

}  // namespace ociferry::testing
