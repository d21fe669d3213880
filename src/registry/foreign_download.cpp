#include "registry/foreign_download.hpp"

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "ociferry/auth.hpp"
#include "store/limits.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// True for local failures, for which another place does not help.
bool is_local_failure(ErrorCode code) {
  return code == ErrorCode::Interrupted || code == ErrorCode::Space || code == ErrorCode::Io ||
         code == ErrorCode::Internal;
}

}  // namespace

void SpoiledPlaces::add(const std::string& place) {
  const std::lock_guard lock(mutex_);
  places_.insert(place);
}

bool SpoiledPlaces::contains(const std::string& place) const {
  const std::lock_guard lock(mutex_);
  return places_.contains(place);
}

ForeignDownload::ForeignDownload(Connection& connection, const RepositoryName& name, const Descriptor& layer,
                                 ByteSink& sink, SpoiledPlaces& spoiled, std::stop_token stop)
    : connection_(connection), name_(name), layer_(layer), sink_(sink), spoiled_(spoiled), stop_(std::move(stop)) {}

DownloadPlace ForeignDownload::place_at(const std::string& url) {
  const Url parsed = Url::parse(url);
  return {.name = text::cat(parsed.shown(), " (", layer_.digest.text(), ")"),
          .tries = [this, parsed] { return connection_.attempts_at(parsed.origin()); },
          .url = [parsed](const std::stop_token&) { return parsed; },
          .send = [this](Request request,
                         const std::stop_token& stop) { return connection_.send_elsewhere(std::move(request), stop); }};
}

std::vector<DownloadPlace> ForeignDownload::places() {
  std::vector<DownloadPlace> all{place_in(connection_, name_, layer_.digest)};
  const auto looked_at = std::min(layer_.urls.size(), limits::kForeignUrls);
  for (const std::string& url : std::span(layer_.urls).first(looked_at)) {
    try {
      all.push_back(place_at(url));
    } catch (const Error& error) {
      failures_.push_back(error.message());
    }
  }
  return all;
}

void ForeignDownload::run() {
  VerifyingSink verified(sink_, layer_, layer_.digest.text());
  for (const DownloadPlace& place : places()) {
    if (spoiled_.contains(place.name)) {
      failures_.push_back(text::cat(place.name, ": sent other content than expected"));
    } else if (try_place(place, verified)) {
      try {
        return verified.finish();
      } catch (const Error&) {
        for (const std::string& giver : used_places_) spoiled_.add(giver);
        throw;
      }
    }
  }
  throw not_found_anywhere();
}

/// True if all of the layer has arrived.
bool ForeignDownload::try_place(const DownloadPlace& place, ByteSink& sink) {
  BlobDownload download(place, layer_, sink, stop_, delivered_);
  const auto take_stock = [&] {
    if (download.delivered() > delivered_) used_places_.push_back(place.name);
    delivered_ = download.delivered();
  };
  try {
    download.run();
    take_stock();
    return true;
  } catch (const Error& error) {
    if (is_local_failure(error.code()) || error.reason() == ErrorReason::CredentialsBroken) throw;
    take_stock();
    if (error.code() == ErrorCode::Corrupt) {
      spoiled_.add(place.name);
      if (delivered_ > 0) throw;  // the content of the sink cannot be trusted
    }
    note_failure(place.name, error);
    return false;
  }
}

void ForeignDownload::note_failure(const std::string& place, const Error& error) {
  failures_.push_back(text::cat(place, ": ", error.message()));
  may_pass_ = may_pass_ || error.code() == ErrorCode::Network;
}

Error ForeignDownload::not_found_anywhere() const {
  return Error(may_pass_ ? ErrorCode::Network : ErrorCode::NotFound,
               text::cat("the layer ", layer_.digest.text(), " (", layer_.media_type, ") cannot be fetched:\n  - ",
                         text::join(failures_, "\n  - ")))
      .hint("leave out --include-non-distributable-layers, or push the layer to its repository");
}

}  // namespace ociferry
