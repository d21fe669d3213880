// Whether a tag can be put, and moved: registries can make tags immutable.

#include "base/text.hpp"
#include "ferry/probe/stored.hpp"
#include "ferry/probe/storing.hpp"

namespace ociferry::trials {

namespace {

void try_to_move(Probing& probing, const RawManifest& from, const RawManifest& to) {
  const std::string& tag = probing.mark();
  // Noted before the tag, so that it is deleted after it.
  note_manifest(probing, to.descriptor.digest.text(), "a manifest (of the moved tag)");
  note_manifest(probing, tag, text::cat("the tag ", tag));
  const Answer put = put_noted_manifest(probing, from, tag);
  if (!is_success(put.status)) return probing.unknown(kMovableTags, text::cat("putting a tag ", answer_words(put)));
  const Answer moved = put_noted_manifest(probing, to, tag);
  if (is_success(moved.status)) return probing.yes(kMovableTags);
  probing.no(
      kMovableTags, answer_words(moved),
      "an import that would move a tag fails: --tag IMAGE=TAG gives an image a new one, --no-root-tags puts none "
      "of the old ones");
}

}  // namespace

void moving_tags(Probing& probing, const Samples& samples) {
  probing.attempt(kMovableTags, [&] {
    if (probing.is_possible(kOciImages)) return try_to_move(probing, samples.oci_image, samples.other_oci_image);
    try_to_move(probing, samples.docker_image, samples.other_docker_image);
  });
}

}  // namespace ociferry::trials
