#include "ferry/deliver/locations_writer.hpp"

#include <atomic>
#include <map>
#include <set>

#include "base/text.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "transfer/memory_blobs.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

class LocationsWriter {
 public:
  LocationsWriter(const Destination& to, const LocationsOptions& options, const Context& context)
      : to_(to), options_(options), context_(context) {}

  std::size_t write(const std::vector<NewLocations>& fresh) {
    put_blobs(fresh);
    run_parallel_or_throw(context_.jobs, fresh.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { put_tags(fresh[i]); });
    return written_;
  }

 private:
  void put_blobs(const std::vector<NewLocations>& fresh) {
    MemoryBlobs contents;
    std::map<Digest, Descriptor> blobs;
    const auto add = [&](const Descriptor& blob, const std::string& content) {
      contents.add(blob.digest, content);
      blobs.emplace(blob.digest, blob);
    };
    for (const NewLocations& locations : fresh) {
      const LocationsImage& image = *locations.planned->image;
      add(image.config_descriptor, image.config);
      add(image.layer_descriptor, image.layer);
    }
    std::vector<Descriptor> each;
    for (const auto& [digest, blob] : blobs) each.push_back(blob);
    run_parallel_or_throw(context_.jobs, each.size(), context_.stop, [&](std::size_t i, const std::stop_token& stop) {
      to_.target.put_blob(each[i], contents, silent_progress(), stop);
    });
  }

  void put_tags(const NewLocations& locations) {
    if (!write_tags_of(*locations.planned, locations.tags)) return;
    context_.progress->debug(text::cat("locations of ", locations.planned->bundle->digest().text(), ": ",
                                       to_string(to_.name), ":", locations.tags.back().wanted.selector));
  }

  /// False if the destination refuses but has equivalent locations.
  bool write_tags_of(const PlannedLocations& planned, const std::vector<TagState>& tags) {
    try {
      if (options_.keep_tags) refuse_moves(to_, tags);
      written_ += write_tags(to_, tags, context_);
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Refused) throw;
      const TagState& mark = tags.back();
      if (!mark.there || !has_usable_locations(to_, *planned.bundle, context_)) {
        if (write_in_oci_types(mark)) return true;
        throw;
      }
      context_.progress->warn(text::cat(error.message(), "; the existing locations image lists the same images"));
      return false;
    }
  }

  /// False if the destination refuses OCI types, too.
  bool write_in_oci_types(const TagState& mark) {
    const RawManifest* const oci = mark.wanted.instead;
    const TagState own{.wanted = {oci, image_tag(oci->descriptor.digest)}};
    try {
      written_ += write_tags(to_, {own, {.wanted = {oci, mark.wanted.selector}, .there = mark.there}}, context_);
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Refused) throw;
      return false;
    }
  }

  const Destination& to_;
  const LocationsOptions& options_;
  const Context& context_;
  std::atomic<std::size_t> written_{0};
};

}  // namespace

std::vector<NewLocations> new_locations(const std::vector<PlannedLocations>& step, const AskTags& ask,
                                        bool trusts_tags) {
  std::vector<PlannedManifest> tags;
  for (const PlannedLocations& planned : step) tags.push_back(planned.mark());
  for (const PlannedLocations& planned : step) {
    const RawManifest& manifest = planned.image->manifest;
    tags.push_back({&manifest, image_tag(manifest.descriptor.digest)});
  }
  const std::vector<TagState> states = ask(tags);
  std::vector<NewLocations> fresh;
  std::set<Digest> own;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (trusts_tags && states[i].is_right()) continue;
    NewLocations& locations = fresh.emplace_back(NewLocations{.planned = &step[i]});
    if (own.insert(states[i].wanted.digest()).second) locations.tags.push_back(states[step.size() + i]);
    locations.tags.push_back(states[i]);
  }
  return fresh;
}

std::size_t write_locations(const std::vector<PlannedLocations>& step, const Destination& to, const AskTags& ask,
                            const LocationsOptions& options, const Context& context) {
  return LocationsWriter(to, options, context).write(new_locations(step, ask, options.trusts_tags));
}

bool has_usable_locations(const Destination& to, const SetImage& bundle, const Context& context) {
  const std::shared_ptr<ImageSource> not_owned(std::shared_ptr<void>(), &to.source);
  CachingSource source(not_owned, std::make_shared<CacheBudget>(kCacheBytes));
  const Reference there = Reference::by_digest(to.name, bundle.digest());
  return find_locations(source, there, bundle.lock, *context.progress, context.stop).has_value();
}

}  // namespace ociferry
