// Checks every byte of an archive, then shows what is in it.
//
//   list_archive ARCHIVE [FINGERPRINT]

#include <ociferry/error.hpp>
#include <ociferry/ferry.hpp>

#include <iostream>
#include <map>
#include <string>

namespace {

using Images = std::map<ociferry::Digest, const ociferry::InspectedImage*>;

void show(const ociferry::InspectedImage& image, const Images& all, std::size_t depth) {
  const std::string indent(2 * depth, ' ');
  std::cout << indent << (image.is_bundle ? "bundle " : "image ") << to_string(image.reference) << '\n';
  for (const ociferry::Descriptor& layer : image.layers) {
    std::cout << indent << "  layer " << layer.digest.text() << ", " << layer.size << " bytes\n";
  }
  for (const ociferry::Digest& child : image.children) std::cout << indent << "  manifest " << child.text() << '\n';
  for (const ociferry::Digest& listed : image.images) show(*all.at(listed), all, depth + 1);
}

void walk(const std::string& archive) {
  const ociferry::InspectReport report = ociferry::inspect(archive, {});
  std::cout << report.format << ", " << report.archive_bytes << " bytes\n";
  Images all;
  for (const ociferry::InspectedImage& image : report.images) all.emplace(image.descriptor.digest, &image);
  for (const ociferry::InspectedImage& image : report.images) {
    if (image.is_root) show(image, all, 0);
    for (const ociferry::Digest& subject : image.subjects) {
      std::cout << image.attached_as << " of " << subject.text() << ": " << image.descriptor.digest.text() << '\n';
    }
  }
}

void check(const std::string& archive, const std::string& fingerprint) {
  const ociferry::VerifyReport report = ociferry::verify({.archive = archive, .fingerprint = fingerprint}, {});
  std::cout << "checked " << report.blobs << " blobs of " << report.images << " images\n";
  if (!report.is_sealed) std::cout << "not made by ociferry: only what has a digest could be checked\n";
  if (report.fingerprint) std::cout << "fingerprint " << ociferry::spoken(*report.fingerprint) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: list_archive ARCHIVE [FINGERPRINT]\n";
    return exit_code(ociferry::ErrorCode::Usage);
  }
  try {
    check(argv[1], argc == 3 ? argv[2] : "");
    walk(argv[1]);
    return 0;
  } catch (const ociferry::Error& error) {
    std::cerr << "list_archive: " << error.message() << '\n';
    for (const std::string& context : error.context()) std::cerr << "  while " << context << '\n';
    if (!error.hint_text().empty()) std::cerr << "  hint: " << error.hint_text() << '\n';
    return exit_code(error.code());
  }
}
