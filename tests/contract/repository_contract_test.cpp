#include <doctest/doctest.h>

#include "contract/store_contract.hpp"
#include "registry/registry_client.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_registry.hpp"
#include "support/fake_transport.hpp"
#include "support/http_server.hpp"

using namespace ociferry;

TEST_CASE("Repository keeps the contract of a store, on a transport without a network") {
  testing::check_store_contract([](const auto& use) {
    testing::FakeRegistry registry;
    testing::FakeClock clock;
    RegistryClient client({}, std::make_shared<testing::FakeTransport>(registry.handler()), silent_progress(), {}, {},
                          clock);
    const auto repository = client.repository({"reg.example", "team/app"});
    use({*repository, *repository, *repository});
  });
}

TEST_CASE("Repository keeps the contract of a store, over real connections") {
  testing::check_store_contract([](const auto& use) {
    testing::FakeRegistry registry;
    const testing::HttpServer server(registry.handler());
    testing::FakeClock clock;
    const RegistryOptions options;
    RegistryClient client(options, make_transport(options, silent_progress()), silent_progress(), {}, {}, clock);
    const auto repository = client.repository({server.host(), "team/app"});
    use({*repository, *repository, *repository});
  });
}
