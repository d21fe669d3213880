// What must be stored to be tried; and whether anything may be.

#include "ferry/probe/stored.hpp"

#include "ferry/probe/storing.hpp"
#include "registry/registry_error.hpp"

namespace ociferry::trials {

void complete_uploads(Probing& probing, const Samples& samples) {
  probing.attempt(kUploads, [&] {
    static_cast<void>(note_if_new(probing, probing.name()));
    for (const SampleBlob* blob : {&samples.config, &samples.other_config, &samples.gzip_layer, &samples.zstd_layer}) {
      const Answer answer = store_blob(probing, *blob, "a blob");
      if (is_success(answer.status)) continue;
      const Error error = response_error("PUT", answer, ErrorCode::Refused);
      probing.no(kUploads, answer_words(answer), error.hint_text());
      return probing.fail(error);
    }
    probing.yes(kUploads);
  });
}

void stored(Probing& probing) {
  if (!probing.options().write) {
    for (const Capability& one : kStored) probing.not_tried(one, "needs --write");
    return;
  }
  const Samples samples = make_samples(probing.mark());
  complete_uploads(probing, samples);
  const auto obstacle = formats(probing, samples);
  mounts(probing, samples);
  moving_tags(probing, samples);
  if (obstacle) probing.fail(*obstacle);
}

}  // namespace ociferry::trials
