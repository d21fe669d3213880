#include "cli/command.hpp"
#include "oci/given_reference.hpp"

namespace ociferry {

namespace {

std::string image_argument(const Arguments& arguments, const char* what) {
  std::string image = arguments.text_of("image");
  if (image.empty()) throw Error(ErrorCode::Usage, std::string("Expected --image (-i) to name ") + what);
  return image;
}

void declare_list(Arguments& arguments) {
  arguments.text("image,i", "REPO", "Repository, such as registry.example.com/team/app");
  arguments.flag("digests", "Also show the digest of each tag; asks for every one of them");
  arguments.flag("imgpkg-internal-tags", "Also show the tags that end in .imgpkg");
}

void run_list(const Arguments& arguments, Context& context, Console& console) {
  const TagListOptions options{.repository = given_reference(image_argument(arguments, "a repository")).name,
                               .digests = arguments.on("digests"),
                               .internal_tags = arguments.on("imgpkg-internal-tags")};
  Table table{.title = "Tags", .content = "tags", .columns = {{"name", "Name"}}};
  if (options.digests) table.columns.push_back({"digest", "Digest"});
  const std::vector<ListedTag> tags = list_tags(options, context);
  for (const ListedTag& tag : tags) {
    table.rows.push_back({tag.name});
    if (options.digests) table.rows.back().push_back(tag.digest ? tag.digest->text() : "");
  }
  console.finish_progress();
  console.document(tag_members(options.repository, tags));
  console.table(table);
}

void declare_resolve(Arguments& arguments) {
  arguments.text("image,i", "REF", "Image, index or bundle, by tag or digest");
}

void run_resolve(const Arguments& arguments, Context& context, Console& console) {
  const Reference reference = given_reference(image_argument(arguments, "an image"));
  const std::string resolved = to_string(resolve_tag(reference, context));
  console.document({{"reference", resolved}});
  console.block(resolved);
}

}  // namespace

const Command kTagListCommand{
    .name = "tag list",
    .alias = "tag ls",
    .summary = "List the tags of a repository",
    .usage = "ociferry tag list -i REPO [--digests] [options]",
    .examples = "  ociferry tag list -i registry.example.com/team/app --digests\n",
    .common = CommonOptions::Registry,
    .declare = declare_list,
    .run = run_list,
};

const Command kTagResolveCommand{
    .name = "tag resolve",
    .summary = "Print the reference by digest of what a tag points to",
    .usage = "ociferry tag resolve -i REF [options]",
    .examples = "  ociferry tag resolve -i registry.example.com/team/app:v1.4.0\n",
    .common = CommonOptions::Registry,
    .declare = declare_resolve,
    .run = run_resolve,
};

}  // namespace ociferry
