#pragma once

#include "ferry/probe/probing.hpp"

/// The trials of a probe, in the order in which they are made. Each adds its findings to the report, and throws Error
/// (see Probing::attempt). All block on the network.
namespace ociferry::trials {

inline constexpr Capability kNestedPaths{"nestedPaths", "nested paths"};

/// The address, TLS and its certificate. False if the registry was not reached: then nothing else can be tried.
[[nodiscard]] bool reach(Probing& probing);
/// Whether the server offers HTTP/2. Opens a connection of its own.
void http2(Probing& probing);
/// Whose credentials are used, and whether they are accepted; whether the repository can be read without any.
void login(Probing& probing);
void pull(Probing& probing);
/// The right to push, uploads in chunks and the largest body of a request, in one upload that is cancelled.
void upload(Probing& probing);
void nested_paths(Probing& probing);
void referrers(Probing& probing);
/// Whether manifests and blobs may be deleted, asked with digests that do not exist.
void deletes(Probing& probing);
/// What must be stored to be tried (see stored.hpp), if ProbeOptions::write allows it.
void stored(Probing& probing);

}  // namespace ociferry::trials
