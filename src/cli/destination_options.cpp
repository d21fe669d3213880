#include "cli/destination_options.hpp"

#include <initializer_list>

#include "cli/command.hpp"
#include "oci/given_reference.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

NameMap name_map(const Arguments& arguments) {
  NameMap map;
  for (const std::string& argument : arguments.list_of("map")) {
    if (argument.find('=') != std::string::npos) {
      map.mappings.push_back(parse_name_mapping(argument));
      continue;
    }
    NameMap file = read_name_map(argument);
    map.mappings.insert(map.mappings.end(), file.mappings.begin(), file.mappings.end());
    if (file.levels != 0) map.levels = file.levels;
  }
  return map;
}

}  // namespace

void declare_destination(Arguments& arguments, Destinations destinations) {
  const auto declare = destinations == Destinations::Several ? &Arguments::repeated : &Arguments::text;
  (arguments.*declare)("to-repo", "REGISTRY/REPOSITORY", "The repository that takes all images");
  (arguments.*declare)("to-registry", "REGISTRY[/PREFIX]",
                       "The registry that takes each image in a repository of its own name, below PREFIX");
  arguments.flag("keep-registry", "With --to-registry: begin the new names with the registries that images come from");
  arguments.repeated("map", "OLD=NEW|FILE", "With --to-registry: another name for an image, or a file of mappings");
  arguments.flag("only-own-repository",
                 "With --to-registry: do not put the images of bundles into the bundles' repositories, too");
  arguments.repeated("tag", "IMAGE=TAG", "Another tag for an image, which is named as it is at the source");
  arguments.text("mapping-output", "FILE", "Write the old and the new name of each image (JSON)");
  arguments.repeated("emit", "KIND=FILE",
                     "Write for another program where the images are now; KIND is containerd-hosts (FILE is a "
                     "directory), registries-conf, idms, itms or kustomize");
  arguments.text("lock-output", "FILE", "Write a lock file that names what was put there");
  arguments.flag("no-root-tags", "Do not put the tags that the roots have at the source");
  arguments.flag("strip-index", "Put smaller indexes, with other digests, in the places of those that lack children");
  arguments.flag("keep-tags", "Refuse to move a tag that the destination has already");
  arguments.flag("recheck", "Ask the destination for every blob, even below tags that are right");
  declare_proof(arguments);
  arguments.flag("repo-based-tags", "Keep images under tags that begin with the repository they come from");
}

void check_destination(const Arguments& arguments) {
  const bool to_repository = arguments.is_set("to-repo");
  const bool to_registry = arguments.is_set("to-registry");
  if (to_repository && to_registry) {
    throw Error(ErrorCode::Usage, "--to-repo puts all images into one repository, --to-registry each into its own")
        .hint("give one of them");
  }
  const auto require = [&](bool is_met, std::initializer_list<const char*> options, const std::string& wanted) {
    for (const char* name : options) {
      if (is_met || !arguments.is_set(name)) continue;
      throw Error(ErrorCode::Usage, std::string("--") + name + " goes with " + wanted + " only");
    }
  };
  require(to_registry, {"keep-registry", "map", "only-own-repository"}, "--to-registry");
  require(to_repository || to_registry,
          {"no-root-tags", "keep-tags", "recheck", "repo-based-tags", "strip-index", "verify", "mapping-output", "tag",
           "emit"},
          "--to-repo");
}

namespace {

/// `registry` or `repository`, whichever is given, with the options that all destinations share.
RelocateOptions relocate_to(const Arguments& arguments, const std::optional<std::string>& registry,
                            const std::string& repository) {
  RelocateOptions options{.lock_output = arguments.optional_text("lock-output"),
                          .mapping_output = arguments.optional_text("mapping-output"),
                          .strip_index = arguments.on("strip-index"),
                          .root_tags = !arguments.on("no-root-tags"),
                          .repository_tags = arguments.on("repo-based-tags"),
                          .keep_tags = arguments.on("keep-tags"),
                          .recheck = arguments.on("recheck"),
                          .proof = proof_of(arguments)};
  for (const std::string& tag : arguments.list_of("tag")) options.added_tags.push_back(parse_added_tag(tag));
  for (const std::string& file : arguments.list_of("emit")) options.emitted.push_back(parse_emitted_file(file));
  if (registry) {
    options.by_name = parse_named_destination(*registry);
    options.by_name->keep_registry = arguments.on("keep-registry");
    options.by_name->map = name_map(arguments);
    options.by_name->only_own_repository = arguments.on("only-own-repository");
  } else {
    options.to = given_repository(repository);
  }
  return options;
}

}  // namespace

RelocateOptions relocate_options(const Arguments& arguments) {
  check_destination(arguments);
  return relocate_to(arguments, arguments.optional_text("to-registry"), arguments.text_of("to-repo"));
}

std::vector<RelocateOptions> all_relocate_options(const Arguments& arguments) {
  check_destination(arguments);
  std::vector<RelocateOptions> all;
  for (const std::string& registry : arguments.list_of("to-registry")) {
    all.push_back(relocate_to(arguments, registry, ""));
  }
  for (const std::string& repository : arguments.list_of("to-repo")) {
    all.push_back(relocate_to(arguments, std::nullopt, repository));
  }
  return all;
}

}  // namespace ociferry
