// SPDX-License-Identifier: MIT
// pnpctl: says a command to a running daemon and prints what it says.
#include "module/ctl/arguments.hpp"
#include "module/ctl/call.hpp"
#include "module/ctl/input.hpp"
#include "module/ctl/leases.hpp"
#include "module/ctl/lint.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

constexpr int not_understood = 2;
constexpr int not_reached = 3;

void print(std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
}

int fail(int status, const base::Error& error) {
    print(stderr, "pnpctl: " + error.what + "\n");
    return status;
}

/// Of our own process, before any thread.
const char* variable(const char* name) {
    return std::getenv(name); // NOLINT(concurrency-mt-unsafe)
}

bool is_lease(const std::vector<std::string>& words) {
    const auto first = std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word != "--json" && word != "pnp";
    });
    return first != words.end() && *first == "dhcp-event";
}

base::Result<ctl::Answer> ask(const ctl::Arguments& arguments, const base::Secret& input) {
    const auto socket = ctl::find_socket(arguments.control, is_lease(arguments.words));
    if (!socket) {
        return tl::unexpected(socket.error());
    }
    return ctl::call(*socket, arguments.words, input);
}

int help(ctl::Arguments arguments) {
    print(stdout, ctl::own_help());
    arguments.words = {"help"};
    const auto commands = ask(arguments, {});
    print(stdout, commands
                      ? "\nCommands:\n" + commands->text
                      : "\nThe commands are listed by a running daemon, and none was reached: " +
                            commands.error().what + "\n");
    return 0;
}

/// A reply that did not get to the disk or the pipe is no success; of lint, 1 would be a finding.
int report(const ctl::Answer& answer) {
    print(stdout, answer.text);
    return std::fflush(stdout) == 0 ? answer.status : not_reached;
}

/// Started by a DHCP server, which waits for us and logs a status that is not 0.
int tell_leases(const std::vector<std::string>& words) {
    constexpr auto patience = std::chrono::seconds(5);
    int status = 0;
    for (const auto& command : ctl::lease_commands(words, variable)) {
        const auto socket = ctl::find_socket({}, true);
        const auto answer = socket ? ctl::call(*socket, command, {}, patience)
                                   : base::Result<ctl::Answer>(tl::unexpected(socket.error()));
        if (!answer) {
            return fail(not_reached, answer.error());
        }
        if (answer->status != 0) {
            print(stderr, answer->text);
            status = answer->status;
        }
    }
    return status;
}

int run(const std::vector<std::string>& words) {
    auto arguments = ctl::read_arguments(words);
    if (!arguments) {
        return fail(not_understood, arguments.error());
    }
    if (arguments->version) {
        print(stdout, "pnpctl " PNP_VERSION "\n");
        return 0;
    }
    if (arguments->help || arguments->words.empty()) {
        const int status = help(*arguments);
        return arguments->help ? status : not_understood;
    }
    if (const auto linted = ctl::lint(arguments->words, arguments->json, STDIN_FILENO)) {
        return *linted ? report(**linted) : fail(ctl::not_read, linted->error());
    }
    if (is_lease(arguments->words)) {
        ctl::add_vendor_class(arguments->words, variable);
    }
    auto input = ctl::read_input(arguments->words, STDIN_FILENO);
    if (!input) {
        return fail(1, input.error());
    }
    const auto command = arguments->words;
    const bool is_lint = arguments->words.front() == "lint";
    if (arguments->json) {
        // In front: at the end it could be taken for the value of a last option.
        arguments->words.insert(arguments->words.begin(), "--json");
    }
    const auto answer = ask(*arguments, *input);
    if (!answer) {
        return fail(not_reached, answer.error());
    }
    const auto written = ctl::write_output(command, answer->files);
    if (!written) {
        return fail(1, written.error());
    }
    print(arguments->json ? stderr : stdout, *written);
    // What lint finds is what it was asked for, and no failure of the command.
    if (answer->status == 0 || arguments->json || is_lint) {
        return report(*answer);
    }
    print(stderr, answer->text);
    return answer->status;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view path = argc > 0 ? argv[0] : "";
        if (path.substr(path.rfind('/') + 1) == ctl::lease_program) {
            return tell_leases({argv + 1, argv + argc});
        }
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        // Of lint, 1 and 2 are findings.
        return fail(not_reached, {base::Errc::io, error.what()});
    }
}
