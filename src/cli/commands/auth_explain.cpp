#include <fmt/format.h>

#include "cli/command.hpp"
#include "oci/given_reference.hpp"
#include "oci/json.hpp"

namespace ociferry {

namespace {

void declare_auth_explain(Arguments& arguments) { arguments.positional("REF"); }

std::string outcome_text(const CredentialReport& report) {
  if (report.failure) return "no credentials, because one place is broken";
  if (report.kind == CredentialReport::Kind::Anonymous) return "requests are anonymous";
  const std::string user = report.username.empty() ? "" : fmt::format(" of user {}", report.username);
  return fmt::format("requests use the {}{}", to_string(report.kind), user);
}

void print_text(const CredentialReport& report, Console& console) {
  console.result(fmt::format("{}: {}", to_string(report.repository), outcome_text(report)));
  for (const CredentialStep& step : report.steps) {
    const std::string detail = step.detail.empty() ? "" : fmt::format(": {}", step.detail);
    console.result(fmt::format("  {}: {}{}", step.source, to_string(step.outcome), detail));
  }
}

Json::Object to_json(const CredentialReport& report) {
  Json::Array steps;
  for (const CredentialStep& step : report.steps) {
    steps.emplace_back(Json::Object{
        {"source", step.source}, {"outcome", std::string(to_string(step.outcome))}, {"detail", step.detail}});
  }
  return {{"registry", report.repository.registry},
          {"repository", report.repository.repository},
          {"credentials", std::string(to_string(report.kind))},
          {"username", report.username},
          {"sources", std::move(steps)}};
}

void run_auth_explain(const Arguments& arguments, Context& context, Console& console) {
  const Reference reference = given_reference(arguments.positional_value());
  const CredentialReport report = explain_credentials(reference.name, context);
  console.document(to_json(report));
  print_text(report, console);
  if (report.failure) throw *report.failure;
}

}  // namespace

const Command kAuthExplainCommand{
    .name = "auth explain",
    .summary = "Tell which credentials are used for a repository, and why; needs no network",
    .usage = "ociferry auth explain REF [options]",
    .examples =
        "  # See whose account a pull would use\n"
        "  ociferry auth explain registry.example.com/team/app\n",
    .common = CommonOptions::Registry,
    .declare = declare_auth_explain,
    .run = run_auth_explain,
};

}  // namespace ociferry
