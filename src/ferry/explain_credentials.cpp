#include "credentials/credentials.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

CredentialReport explain_credentials(const RepositoryName& name, const Context& context) {
  const CredentialTools tools{CredentialHelper(context.stop), &real_clock(), context.progress, context.stop};
  return Credentials(context.registry, current_environment(), tools).explain(name);
}

}  // namespace ociferry
