// SPDX-License-Identifier: MIT
// The words for jobs.
#include "provisioning/inventory/workpoint.hpp"

#include "provisioning/base/text.hpp"

#include <array>
#include <utility>

namespace inventory {

namespace {

constexpr std::size_t most_named = 10; ///< items in one line
constexpr std::size_t most_word = 64;

constexpr std::array<std::pair<JobKind, std::string_view>, 5> kind_names = {{
    {JobKind::read, "read"},
    {JobKind::write, "write"},
    {JobKind::restart, "restart"},
    {JobKind::factory_reset, "factory_reset"},
    {JobKind::deploy, "deploy"},
}};

constexpr std::array<std::pair<JobState, std::string_view>, 6> state_names = {{
    {JobState::waiting, "waiting"},
    {JobState::sent, "sent"},
    {JobState::done, "done"},
    {JobState::done_with_errors, "done_with_errors"},
    {JobState::failed, "failed"},
    {JobState::given_up, "given_up"},
}};

template <class Names, class Value> std::string_view name_in(const Names& names, Value value) {
    for (const auto& [candidate, text] : names) {
        if (candidate == value) {
            return text;
        }
    }
    return "unknown";
}

template <class Value, class Names>
std::optional<Value> named_in(const Names& names, std::string_view name) {
    for (const auto& [candidate, text] : names) {
        if (text == name) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::string names_of(const Job& job) {
    std::string out;
    std::size_t count = 0;
    for (const auto& [item, value] : job.items) {
        if (count == most_named) {
            return out + fmt::format(" and {} more", job.items.size() - count);
        }
        out += count++ == 0 ? " " : ", ";
        out += base::printable(item.name, most_word);
        if (item.index >= 0) {
            out += fmt::format(" {}", item.index);
        }
    }
    return out;
}

} // namespace

const std::string* value_of(const Job& job, std::string_view name) {
    const auto found = job.items.find(ItemKey{std::string(name)});
    return found != job.items.end() ? &found->second : nullptr;
}

bool is_firmware(const Job& job) {
    const auto* type = value_of(job, "type");
    return job.kind == JobKind::deploy && type != nullptr && *type == "APP";
}

bool has_ended(JobState state) noexcept {
    return state != JobState::waiting && state != JobState::sent;
}

std::string_view name(JobKind kind) noexcept {
    return name_in(kind_names, kind);
}

std::string_view name(JobState state) noexcept {
    return name_in(state_names, state);
}

std::optional<JobKind> job_kind_named(std::string_view name) noexcept {
    return named_in<JobKind>(kind_names, name);
}

std::optional<JobState> job_state_named(std::string_view name) noexcept {
    return named_in<JobState>(state_names, name);
}

std::string describe(const Job& job) {
    switch (job.kind) {
    case JobKind::read:
        return job.items.empty() ? "read all items" : "read" + names_of(job);
    case JobKind::write:
        return "write" + names_of(job);
    case JobKind::restart:
        return "restart";
    case JobKind::factory_reset:
        return "factory reset";
    case JobKind::deploy:
        break;
    }
    std::string out = "deploy";
    for (const auto* word : {"file", "version"}) {
        if (const auto* value = value_of(job, word)) {
            out += " " + base::printable(*value, most_word);
        }
    }
    return out;
}

} // namespace inventory
