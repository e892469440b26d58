// SPDX-License-Identifier: MIT
// Takes a command's words apart, runs it, and lets nothing thrown get past.
#include "provisioning/admin/commands.hpp"

#include "provisioning/admin/command.hpp"
#include "provisioning/admin/complete.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

namespace admin {

struct Commands::State {
    Reach reach;
};

namespace {

std::string usage_line(const Command& command) {
    return fmt::format("; usage: pnp {}", command.usage);
}

/// Sorts the words behind the command's name. A word that is out of place is never repeated in the
/// message: behind a mistyped --password it is the password.
base::Status sort_words(const Command& command, std::span<const std::string> words, Call& call) {
    std::vector<std::string_view> known{"--json"};
    for (const Option& option : command.options) {
        known.push_back(option.name);
    }
    bool options_end = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (options_end || !word.starts_with("--")) {
            call.places.push_back(words[i]);
            continue;
        }
        if (word == "--") {
            options_end = true;
            continue;
        }
        const std::string_view name = word.substr(0, word.find('='));
        const auto option =
            std::find_if(command.options.begin(), command.options.end(),
                         [&](const Option& candidate) { return candidate.name == name; });
        if (option == command.options.end()) {
            return base::fail(base::Errc::malformed, "`{}` has no option {}{}{}", command.name(),
                              base::printable(name, 40), did_you_mean(name, known),
                              usage_line(command));
        }
        const bool has_value = name.size() < word.size();
        if (option->value.empty() && has_value) {
            return base::fail(base::Errc::malformed, "{} takes no value{}", name,
                              usage_line(command));
        }
        std::string_view value = has_value ? word.substr(name.size() + 1) : std::string_view();
        if (!option->value.empty() && !has_value) {
            if (++i == words.size()) {
                return base::fail(base::Errc::malformed, "{} wants a value{}", name,
                                  usage_line(command));
            }
            value = words[i];
        }
        if (!call.options.emplace(option->name, value).second) {
            return base::fail(base::Errc::malformed, "{} stands twice{}", name,
                              usage_line(command));
        }
    }
    if (call.places.size() < command.required) {
        return base::fail(base::Errc::malformed, "`{}` wants more words{}", command.name(),
                          usage_line(command));
    }
    if (call.places.size() > command.most_places() && !command.repeats) {
        return base::fail(base::Errc::malformed, "`{}` takes fewer words{}", command.name(),
                          usage_line(command));
    }
    return {};
}

Reply run_words(const Reach& reach, std::span<const std::string> words, const Caller& caller) {
    const auto found = find_command(words);
    if (!found) {
        return misunderstood(found.error().what);
    }
    if (!caller.only.empty() && found->command->word != caller.only) {
        return refused(fmt::format("here `{}` is taken and nothing else", caller.only));
    }
    Call call{reach, caller, reach.inventory.now(), {}, {}};
    if (auto sorted = sort_words(*found->command, words.subspan(found->words), call); !sorted) {
        return misunderstood(sorted.error().what);
    }
    return found->command->run(call);
}

} // namespace

Commands::Commands(Reach reach) : state_(std::make_unique<State>(State{std::move(reach)})) {}

Commands::~Commands() = default;

Reply Commands::run(const std::vector<std::string>& words, const Caller& caller) {
    Reply reply;
    bool wants_json = false;
    try {
        std::vector<std::string> rest(words);
        // `--password --json` means the odd password, so values of options stay.
        for (std::size_t i = 0; i < rest.size();) {
            const bool is_value = i > 0 && (rest[i - 1] == "--password" || rest[i - 1] == "--name");
            if (rest[i] == "--json" && !is_value) {
                wants_json = true;
                rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                ++i;
            }
        }
        if (!rest.empty() && rest.front() == "pnp") {
            rest.erase(rest.begin());
        }
        if (rest.empty() || rest.front() == "--help" || rest.front() == "-h") {
            rest.assign(1, "help");
        }
        reply = run_words(state_->reach, rest, caller);
    } catch (const std::exception& thrown) {
        // Out of memory, or a library that threw where it said it does not.
        base::log::error("admin", "a command failed: {}", thrown.what());
        reply = refused("the command failed; the log says more");
    }
    if (wants_json) {
        reply.text = reply.json.dump() + "\n";
    }
    return reply;
}

std::vector<std::string> Commands::complete(const std::vector<std::string>& words) const {
    try {
        return admin::complete(state_->reach, words);
    } catch (const std::exception&) {
        return {};
    }
}

std::vector<Commands::Line> Commands::table() {
    std::vector<Line> lines;
    for (const Command& command : commands()) {
        lines.push_back({command.name(), command.usage, command.help});
    }
    return lines;
}

} // namespace admin
