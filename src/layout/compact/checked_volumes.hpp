#pragma once

#include <memory>
#include <optional>
#include <string>

#include "medium/medium.hpp"
#include "medium/volumes/volume_list.hpp"
#include "stream/sha256.hpp"
#include "stream/stream.hpp"

namespace ociferry::compact {

/// The bytes of volumes, one after the other, each compared with its digest in the list where it ends.
class CheckedVolumes : public ByteSource {
 public:
  /// `volumes`: from the first byte on. `list`: of them, if there is one.
  CheckedVolumes(std::unique_ptr<Medium> volumes, std::optional<VolumeList> list)
      : volumes_(std::move(volumes)), list_(std::move(list)) {}

  /// Throws Error{Corrupt} naming a volume that does not have its digest, and what reading throws.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

  /// What was read last.
  [[nodiscard]] std::string place() const;

 private:
  void end_volume(const std::string& file);

  std::unique_ptr<Medium> volumes_;
  std::optional<VolumeList> list_;
  std::size_t ended_ = 0;  ///< the number of volumes that were read
  std::uint64_t offset_ = 0;
  Hasher hasher_;
};

/// Reads `inner`, and says of an Error{Corrupt} in which volume it showed. `volumes`, where `inner` takes its bytes, is
/// owned by it.
class VolumeErrors : public ByteSource {
 public:
  VolumeErrors(std::unique_ptr<ByteSource> inner, const CheckedVolumes& volumes)
      : inner_(std::move(inner)), volumes_(volumes) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  std::unique_ptr<ByteSource> inner_;
  const CheckedVolumes& volumes_;
};

}  // namespace ociferry::compact
