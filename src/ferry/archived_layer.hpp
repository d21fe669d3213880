#pragma once

#include <functional>

#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Lets `use` read a layer after all of it has proved right. Throws Error{Corrupt} if it did not, Error{Incomplete} if
/// the archive lacks it, and what `use` throws.
void read_layer(ImageArchive& archive, const Descriptor& layer, const std::function<void(ByteSource& content)>& use,
                const Context& context);
/// The same of a layer that `read_layer` has read: whether it is still the same shows only in the end.
void read_proved_layer(ImageArchive& archive, const Descriptor& layer,
                       const std::function<void(ByteSource& content)>& use, const Context& context);

}  // namespace ociferry
