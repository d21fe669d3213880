#include "ociferry/probe.hpp"

#include "base/text.hpp"
#include "ferry/probe/trials.hpp"

namespace ociferry {

namespace {

void try_all(Probing& probing) {
  if (!trials::reach(probing)) return;
  trials::http2(probing);
  trials::login(probing);
  trials::pull(probing);
  trials::upload(probing);
  trials::nested_paths(probing);
  trials::referrers(probing);
  trials::deletes(probing);
  trials::stored(probing);
}

}  // namespace

std::string_view to_string(ProbeAnswer answer) noexcept {
  switch (answer) {
    case ProbeAnswer::Yes: return "yes";
    case ProbeAnswer::No: return "no";
    case ProbeAnswer::NotTried: return "not tried";
    case ProbeAnswer::Unknown: break;
  }
  return "unknown";
}

ProbeReport probe(const ProbeOptions& options, const Context& context) {
  context.progress->phase("probing", 0);
  Probing probing(options, context);
  try {
    try_all(probing);
  } catch (const Error&) {
    const std::vector<std::string> left = probing.traces().clean_up();
    if (!left.empty()) context.progress->warn("left behind:" + text::listed(left, left.size()));
    throw;
  }
  probing.report().left_behind = probing.traces().clean_up();
  return std::move(probing.report());
}

}  // namespace ociferry
