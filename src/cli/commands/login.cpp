#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/login_options.hpp"
#include "cli/password_input.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void declare_place(Arguments& arguments) {
  arguments.positional("REGISTRY");
  arguments.text("authfile", "FILE", "Change this file, in podman's format (default: see the manual)");
  arguments.text("docker-config", "DIRECTORY", "Change config.json in this directory, as Docker's --config");
}

void declare_login(Arguments& arguments) {
  declare_place(arguments);
  arguments.text("username,u", "USER", "User name (default: asks for it on a terminal)");
  arguments.flag("password-stdin", "Read the password from standard input (default: asks for it on a terminal)");
  arguments.text("password,p", "PASSWORD", "Password; other users of this machine may see it");
}

std::string user_of(const Arguments& arguments, const Context& context) {
  if (std::string user = arguments.text_of("username"); !user.empty()) return user;
  if (!context.registry.username.empty()) return context.registry.username;
  return ask_on_terminal("Username", Echo::On, context.stop);
}

std::string password_of(const Arguments& arguments, const Context& context) {
  std::string password = arguments.text_of("password");
  if (password.empty()) password = context.registry.password;
  if (!arguments.on("password-stdin")) {
    return password.empty() ? ask_on_terminal("Password", Echo::Off, context.stop) : password;
  }
  if (!password.empty())
    throw Error(ErrorCode::Usage, "--password-stdin and a password as an option exclude each other");
  return read_password_from_stdin("--password-stdin");
}

void run_login(const Arguments& arguments, Context& context, Console& console) {
  const LoginOptions options = login_options_of(arguments);
  context.registry.username = user_of(arguments, context);
  context.registry.password = password_of(arguments, context);
  const LoginReport report = login(options, context);
  console.document({{"registry", report.registry},
                    {"username", context.registry.username},
                    {"file", report.file.string()},
                    {"helper", report.helper.empty() ? Json() : Json(report.helper)},
                    {"proved", report.proved}});
  const std::string keeper =
      report.helper.empty() ? "" : fmt::format("docker-credential-{} keeps the password, by ", report.helper);
  console.result(fmt::format("Logged in to {} as {}: {}{}", report.registry, context.registry.username, keeper,
                             report.file.string()));
  for (const std::string& note : report.notes) console.warn(note);
}

void run_logout(const Arguments& arguments, Context& context, Console& console) {
  const LogoutReport report = logout(login_options_of(arguments), context);
  console.document(
      {{"registry", report.registry}, {"file", report.file.string()}, {"wasLoggedIn", report.was_logged_in}});
  console.result(fmt::format("{} {}: {}", report.was_logged_in ? "Logged out of" : "Not logged in to", report.registry,
                             report.file.string()));
  for (const std::string& note : report.notes) console.warn(note);
}

}  // namespace

LoginOptions login_options_of(const Arguments& arguments) {
  return {.registry = arguments.positional_value(),
          .auth_file = arguments.text_of("authfile"),
          .docker_config = arguments.text_of("docker-config")};
}

const Command kLoginCommand{
    .name = "login",
    .summary = "Keep a user name and password for a registry, where podman and Docker keep theirs",
    .usage = "ociferry login REGISTRY [-u USER] [--password-stdin] [options]",
    .examples =
        "  ociferry login registry.example.com -u robot --password-stdin < password-file\n"
        "  # For a part of a registry only\n"
        "  ociferry login registry.example.com/team -u robot\n",
    .common = CommonOptions::Registry,
    .in_imgpkg = false,
    .declare = declare_login,
    .run = run_login,
};

const Command kLogoutCommand{
    .name = "logout",
    .summary = "Forget the password for a registry",
    .usage = "ociferry logout REGISTRY [options]",
    .examples = "  ociferry logout registry.example.com\n",
    .common = CommonOptions::Registry,
    .in_imgpkg = false,
    .declare = declare_place,
    .run = run_logout,
};

}  // namespace ociferry
