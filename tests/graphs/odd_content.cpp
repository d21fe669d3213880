#include "odd_content.hpp"

#include <string_view>
#include <vector>

namespace ociferry::testing {

std::string odd_config(Dice& dice) {
  static const std::vector<std::string> kConfigs{
      "",
      "{}",
      "null",
      "5",
      "[]",
      "no JSON",
      R"({"config":null})",
      R"({"config":[],"rootfs":null,"history":"none"})",
      R"({"config":{"Labels":null}})",
      R"({"config":{"Labels":[]}})",
      R"({"config":{"Labels":{"dev.carvel.imgpkg.bundle":true}}})",
      R"({"os":["linux"],"architecture":{"name":"amd64"},"created":12})",
      R"({"os":"linux","architecture":null,"variant":7})",
      R"({"os":"linux","size":1e999,"config":{"Labels":{"k":"\ud83d"}}})",
      "{\"author\":\"M\xFCller\"}",
      R"({"os":"linux","os":"windows"})",
      std::string(3000, '[') + std::string(3000, ']'),
  };
  return dice.pick(kConfigs);
}

std::string odd_bundle_config(Dice& dice) {
  static const std::vector<std::string> kConfigs{
      R"({"config":{"Labels":{"n":null,"dev.carvel.imgpkg.bundle":"true","x":5},"Env":"none"},"os":[]})",
      R"({"Config":{"labels":{"dev.carvel.imgpkg.bundle":""}}})",
      R"({"config":{"Labels":{"dev.carvel.imgpkg.bundle":"\ud83d"}},"size":-1e999})",
      R"({"rootfs":null,"config":{"Labels":{"dev.carvel.imgpkg.bundle":"true"}},"config":null})",
  };
  return dice.pick(kConfigs);
}

std::string odd_type(Dice& dice) {
  static const std::vector<std::string> kTypes{
      "application/vnd.example.thing.v1+json",
      "application/vnd.oci.image.config.v1+json",
      "application/octet-stream",
      "text/plain",
  };
  return dice.pick(kTypes);
}

}  // namespace ociferry::testing
