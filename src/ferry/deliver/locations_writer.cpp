#include "ferry/deliver/locations_writer.hpp"

#include <map>
#include <memory>
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
  LocationsWriter(const Destination& to, bool keep_tags, const Context& context)
      : to_(to), keep_tags_(keep_tags), context_(context) {}

  [[nodiscard]] std::vector<PlannedManifest> write(const std::vector<NewLocations>& fresh) {
    put_blobs(fresh);
    std::vector<std::vector<PlannedManifest>> written(fresh.size());
    run_parallel_or_throw(context_.jobs, fresh.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { written[i] = put_tags(fresh[i]); });
    std::vector<PlannedManifest> all;
    for (const auto& each : written) all.insert(all.end(), each.begin(), each.end());
    return all;
  }

 private:
  void put_blobs(const std::vector<NewLocations>& fresh) {
    std::vector<const PlannedLocations*> open;
    for (const NewLocations& locations : fresh) {
      if (!locations.has_blobs) open.push_back(locations.planned);
    }
    const std::vector<Graph::BlobNode> blobs = blobs_of(open);
    run_parallel_or_throw(context_.jobs, blobs.size(), context_.stop, [&](std::size_t i, const std::stop_token& stop) {
      to_.target.put_blob(blobs[i].descriptor, *blobs[i].source, silent_progress(), stop);
    });
  }

  [[nodiscard]] std::vector<PlannedManifest> put_tags(const NewLocations& locations) {
    auto written = put_tags_of(*locations.planned, locations.tags);
    if (!written.empty()) {
      context_.progress->debug(text::cat("locations of ", locations.planned->bundle->digest().text(), ": ",
                                         to_string(to_.name), ":", locations.tags.back().wanted.selector));
    }
    return written;
  }

  /// None if the destination refuses but has equivalent locations.
  [[nodiscard]] std::vector<PlannedManifest> put_tags_of(const PlannedLocations& planned,
                                                         const std::vector<TagState>& tags) {
    try {
      if (keep_tags_) refuse_moves(to_, tags);
      return put_outdated(to_, tags, context_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Refused) throw;
      const TagState& mark = tags.back();
      if (!mark.there || !has_usable_locations(to_, *planned.bundle, context_)) {
        auto written = put_in_oci_types(mark);
        if (written.empty()) throw;
        return written;
      }
      context_.progress->warn(text::cat(error.message(), "; the existing locations image lists the same images"));
      return {};
    }
  }

  /// None if the destination refuses OCI types, too.
  [[nodiscard]] std::vector<PlannedManifest> put_in_oci_types(const TagState& mark) {
    const RawManifest* const oci = mark.wanted.instead;
    const TagState own{.wanted = {oci, image_tag(oci->descriptor.digest)}};
    try {
      return put_outdated(to_, {own, {.wanted = {oci, mark.wanted.selector}, .there = mark.there}}, context_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Refused) throw;
      return {};
    }
  }

  const Destination& to_;
  bool keep_tags_;
  const Context& context_;
};

PlannedManifest own_tag(const PlannedLocations& planned) {
  const RawManifest& manifest = planned.image->manifest;
  return {&manifest, image_tag(manifest.descriptor.digest)};
}

}  // namespace

std::vector<NewLocations> new_locations(const std::vector<PlannedLocations>& step, const AskTags& ask,
                                        bool trusts_tags) {
  std::vector<PlannedManifest> tags;
  for (const PlannedLocations& planned : step) tags.push_back(planned.mark());
  for (const PlannedLocations& planned : step) tags.push_back(own_tag(planned));
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

std::vector<Graph::BlobNode> blobs_of(const std::vector<const PlannedLocations*>& locations) {
  const auto contents = std::make_shared<MemoryBlobs>();
  std::map<Digest, Graph::BlobNode> blobs;
  const auto add = [&](const Descriptor& blob, const std::string& content) {
    contents->add(blob.digest, content);
    blobs.emplace(blob.digest, Graph::BlobNode{.descriptor = blob, .source = contents});
  };
  for (const PlannedLocations* planned : locations) {
    add(planned->image->config_descriptor, planned->image->config);
    add(planned->image->layer_descriptor, planned->image->layer);
  }
  std::vector<Graph::BlobNode> each;
  for (auto& [digest, blob] : blobs) each.push_back(std::move(blob));
  return each;
}

std::vector<PlannedManifest> own_tags(const std::vector<const PlannedLocations*>& locations) {
  std::map<std::string, PlannedManifest> tags;
  for (const PlannedLocations* planned : locations) {
    const PlannedManifest tag = own_tag(*planned);
    tags.emplace(tag.selector, tag);
  }
  std::vector<PlannedManifest> each;
  for (const auto& [selector, tag] : tags) each.push_back(tag);
  return each;
}

std::vector<PlannedManifest> put_own_tags(const std::vector<const PlannedLocations*>& locations, const Destination& to,
                                          const AskTags& ask, const Context& context) {
  std::vector<TagState> states = ask(own_tags(locations));
  std::erase_if(states, [](const TagState& state) { return state.there.has_value(); });
  std::vector<char> is_put(states.size(), 0);
  run_parallel_or_throw(context.jobs, states.size(), context.stop, [&](std::size_t i, const std::stop_token&) {
    try {
      put_tag(to, states[i], context);
      is_put[i] = 1;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Refused) throw;
    }
  });
  std::vector<PlannedManifest> put;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (is_put[i] != 0) put.push_back(states[i].wanted);
  }
  return put;
}

std::vector<PlannedManifest> put_locations(const std::vector<NewLocations>& fresh, const Destination& to,
                                           bool keep_tags, const Context& context) {
  return LocationsWriter(to, keep_tags, context).write(fresh);
}

bool has_usable_locations(const Destination& to, const SetImage& bundle, const Context& context) {
  const std::shared_ptr<ImageSource> not_owned(std::shared_ptr<void>(), &to.source);
  CachingSource source(not_owned, std::make_shared<CacheBudget>(kCacheBytes));
  const Reference there = Reference::by_digest(to.name, bundle.digest());
  return find_locations(source, there, bundle.lock, *context.progress, context.stop).has_value();
}

}  // namespace ociferry
