#pragma once

#include <string_view>
#include <vector>

#include "support/fault.hpp"
#include "support/registry_server.hpp"
#include "support/token_server.hpp"

/// What registries of this world do otherwise than Debian's docker-registry, as rules of a FaultProxy before one. Each
/// is what users of a product have reported; `registry` and `tokens` are those behind the proxy, and must outlive it.
namespace ociferry::testing::quirks {

/// Amazon ECR: no Docker-Content-Digest; blobs are at a storage server that refuses an Authorization.
[[nodiscard]] std::vector<Rule> ecr();
/// Azure Container Registry: tokens come as "access_token" only, without a word about their life; blobs are at a
/// storage server that refuses an Authorization. Users are no names but `kAcrUser`, with a refresh token of the
/// cloud's.
[[nodiscard]] std::vector<Rule> acr();
inline constexpr std::string_view kAcrUser = "00000000-0000-0000-0000-000000000000";
/// Any that makes tags immutable: a tag that is there cannot be put again, not even with the same manifest.
[[nodiscard]] std::vector<Rule> immutable_tags(const RegistryServer& registry, HttpReply refusal);
/// GitHub: no referrers API, and uploads that are answered with 404 although the blob was stored.
[[nodiscard]] std::vector<Rule> ghcr();
/// Google Artifact Registry: no chunks, no referrers API, and a Location that is a mere path.
[[nodiscard]] std::vector<Rule> gar();
/// Harbor: mounting from a project that may not be read is a 401, and always so.
[[nodiscard]] std::vector<Rule> harbor();
/// Quay: a mount needs its source; media types of manifests are on a list; old formats for whoever does not ask for
/// new.
[[nodiscard]] std::vector<Rule> quay();
/// GitLab: a token allows the last scope that was asked for only.
[[nodiscard]] std::vector<Rule> gitlab(const TokenServer& tokens);
/// Nexus: "BASIC" in capitals.
[[nodiscard]] std::vector<Rule> nexus();
/// JFrog Artifactory: whether a manifest is there cannot be asked as for a blob.
[[nodiscard]] std::vector<Rule> jfrog();
/// Docker Hub: 429 with a body that is no JSON, and no mount from what others own.
[[nodiscard]] std::vector<Rule> docker_hub();
/// zot, in some of its versions: an upload's Range is off by one, and downloads know no Range.
[[nodiscard]] std::vector<Rule> zot();
/// GitLab again: the tag sha256-<hex> is taken for the digest sha256:<hex>, so that every manifest seems to have a list
/// of what is attached to it.
[[nodiscard]] std::vector<Rule> dashed_digests(const RegistryServer& registry);
/// Nexus 3.2x, and caches: manifests of OCI come as Docker's, or as plain JSON.
[[nodiscard]] std::vector<Rule> wrong_content_types(std::string type);
/// Replicas that are behind: what was just put is not there yet when it is first read.
[[nodiscard]] std::vector<Rule> replicas_behind();
/// Harbor: what has no signature may be put, but not read: not by GET either, which alone says why.
[[nodiscard]] std::vector<Rule> signed_only(const RegistryServer& registry);
/// A registry that does not answer HEAD.
[[nodiscard]] std::vector<Rule> no_head();
/// A proxy before a registry that passes no HEAD of a manifest on: it is not found, though GET finds it.
[[nodiscard]] std::vector<Rule> head_finds_nothing();

}  // namespace ociferry::testing::quirks
