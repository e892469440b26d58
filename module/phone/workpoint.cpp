// SPDX-License-Identifier: MIT
#include "module/phone/workpoint.hpp"

#include "module/phone/random.hpp"
#include "module/phone/url.hpp"
#include "module/phone/wpi_items.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

namespace phone {

namespace {

using base::Errc;

constexpr std::string_view changed_flag = "configuration-changed-flag";
constexpr std::string_view factory_password = "124816"; // guide p. 51
constexpr int most_files = 100;

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

std::string
item_of(const std::vector<WpiItem>& items, std::string_view name, std::string_view index = "") {
    const auto found = std::find_if(items.begin(), items.end(), [&](const WpiItem& item) {
        return item.name == name && item.index == index;
    });
    return found == items.end() ? "" : found->value;
}

struct Release {
    std::uint64_t version = 0;
    std::uint64_t revision = 0;

    auto operator<=>(const Release&) const = default;
};

/// Only digits follow the letter, up to a dot, a blank or the end.
std::optional<std::uint64_t> number_behind(std::string_view text, char letter) {
    if (text.empty() || text.front() != letter) {
        return std::nullopt;
    }
    return base::parse_number(text.substr(1, text.find_first_of(". ") - 1));
}

} // namespace

base::Result<WpiAbilities> abilities_of(std::string_view version) {
    const auto blank = version.find(' ');
    const auto major = number_behind(version, 'V');
    const auto revision = blank == std::string_view::npos
                              ? std::nullopt
                              : number_behind(version.substr(blank + 1), 'R');
    if (!major || !revision) {
        return base::fail(Errc::malformed, "firmware is told like V3 R5.12.0, not {}",
                          base::printable(version, 40));
    }
    const Release release{*major, *revision};
    return WpiAbilities{release >= Release{2, 2}, release >= Release{2, 0},
                        release >= Release{3, 3}};
}

std::string told_version(std::string_view version) {
    const auto dot = version.find('.');
    const bool dotted = dot != std::string_view::npos && base::parse_number(version.substr(0, dot));
    return dotted ? fmt::format("V{} R{}", version.substr(0, dot), version.substr(dot + 1))
                  : std::string(version);
}

Workpoint::Workpoint(Identity identity, base::Ipv4 address, WpiLimits limits, Values& values)
    : identity_(std::move(identity)), address_(address), limits_(std::move(limits)),
      values_(values), abilities_(abilities_of(identity_.version).value_or(WpiAbilities{})) {}

std::string Workpoint::value_of(std::string_view name) const {
    const auto* rule = find_item(name);
    return text_of(values_, name, rule == nullptr ? "" : rule->factory);
}

std::string Workpoint::told(std::string_view name) const {
    if (name == "device-type" || name == "related-device-type") {
        return identity_.model;
    }
    if (name == "software-type" || name == "related-software-type") {
        return "Siemens SIP";
    }
    if (name == "software-version" || name == "related-software-version") {
        return identity_.version;
    }
    if (name == "contact-me-uri") {
        return fmt::format("http://{}:{}/contact_dls.html/ContactDLS", address_.str(),
                           limits_.contact_port);
    }
    if (name == "mac-addr") {
        return upper(identity_.mac.colons());
    }
    if (name == "ipaddress") {
        return address_.str();
    }
    if (name == "part-number") {
        return "Unknown";
    }
    if (name == changed_flag) {
        return text_of(values_, name, "true"); // fresh from the box nobody knows what it has
    }
    return value_of(name);
}

std::vector<WpiItem> Workpoint::basic_items() const {
    constexpr std::array<std::string_view, 16> names{"device-type",
                                                     "related-device-type",
                                                     "software-type",
                                                     "related-software-type",
                                                     "software-version",
                                                     "related-software-version",
                                                     "contact-me-uri",
                                                     "mac-addr",
                                                     changed_flag,
                                                     "part-number",
                                                     "gigabit-ethernet-enabled",
                                                     "backlight-type",
                                                     "mobility-enabled",
                                                     "basic-e164",
                                                     "e164",
                                                     "user-pwd"};
    std::vector<WpiItem> items;
    items.reserve(names.size() + 1);
    for (const auto name : names) {
        items.push_back({std::string(name), {}, told(name), {}});
    }
    items.push_back({"user-pwd-unicode", {}, {}, "failed"}); // guide p. 33 has it so
    return items;
}

std::vector<WpiItem> Workpoint::all_items() const {
    std::vector<WpiItem> items;
    for (const auto* rule = begin_items(); rule != end_items(); ++rule) {
        if (rule->access == ItemRule::Access::write_only) {
            continue;
        }
        if (!rule->is_indexed()) {
            items.push_back({std::string(rule->name), {}, told(rule->name), {}});
            continue;
        }
        const auto start = std::string(rule->name) + "/";
        for (auto at = values_.lower_bound(start);
             at != values_.end() && at->first.compare(0, start.size(), start) == 0; ++at) {
            items.push_back(
                {std::string(rule->name), at->first.substr(start.size()), at->second, {}});
        }
    }
    return items;
}

std::string Workpoint::say(PhoneWords words) {
    // A new one each time: the guide's later examples do so.
    nonce_ = upper(random_hex(32));
    words.nonce = nonce_;
    words.max_items = limits_.max_items;
    return write_words(words);
}

std::string Workpoint::begin(std::string_view reason) {
    parts_.clear();
    ++counts_.reasons[std::string(reason)];
    auto items = basic_items();
    reason_ = reason;
    if (reason == "local-changes" && abilities_.attaches_changes) {
        items.push_back({"configuration-attached-flag", {}, "true", {}});
        items.push_back({"configuration-attached-number", {}, std::to_string(changes_.size()), {}});
        for (const auto& key : changes_) {
            const auto slash = std::min(key.find('/'), key.size());
            const auto name = key.substr(0, slash);
            const auto index = key.substr(std::min(slash + 1, key.size()));
            if (refuses_to_read(name, index).empty()) { // a secret is changed and not told
                items.push_back({name, index, text_of(values_, key), {}});
            }
        }
    }
    changes_said_ = changes_.size();
    return say({.nonce = {}, .reason = std::string(reason), .items = std::move(items)});
}

std::string Workpoint::complaint(std::string_view why) {
    ++counts_.reasons["clean-up"];
    parts_.clear();
    auto items = std::vector<WpiItem>{{"cleanup-reason", {}, base::printable(why), {}}};
    return say({.nonce = {}, .reason = "clean-up", .items = std::move(items)});
}

std::string
Workpoint::status(const Deployment& file, bool ok, std::string_view date, std::string_view time) {
    ++counts_.reasons["status"];
    auto items = basic_items();
    const std::array<std::pair<std::string_view, std::string_view>, 5> rows{
        {{"date", date},
         {"time", time},
         {"name", file.name},
         {"type", file.type},
         {"status", ok ? "ok" : "failed"}}};
    for (const auto& [name, value] : rows) {
        items.push_back({fmt::format("file-deployment-{}", name), {}, std::string(value), {}});
    }
    return say({.nonce = {}, .reason = "status", .items = std::move(items)});
}

void Workpoint::keep(const Deployment& file,
                     bool ok,
                     std::string_view date,
                     std::string_view time) {
    const auto key = [](std::string_view part, int index) {
        return fmt::format("file-deployment-{}/{}", part, index);
    };
    // Name and type are the file's key on the phone (guide p. 55).
    int index = 1;
    while (index < most_files && values_.count(key("name", index)) != 0 &&
           (values_[key("name", index)] != file.name ||
            (!file.type.empty() && values_[key("type", index)] != file.type))) {
        ++index;
    }
    const std::array<std::pair<std::string_view, std::string_view>, 5> rows{
        {{"name", file.name},
         {"type", file.type},
         {"status", ok ? "ok" : "failed"},
         {"date", date},
         {"time", time}}};
    for (const auto& [part, value] : rows) {
        if (file.deletes) {
            values_.erase(key(part, index));
        } else {
            values_[key(part, index)] = value;
        }
    }
}

base::Status Workpoint::change(std::string_view name, std::string_view index, std::string value) {
    if (const auto why = refuses_to_write(name, index, value); !why.empty()) {
        return base::fail(Errc::refused, "{}: {}", base::printable(key_of(name, index), 80), why);
    }
    auto key = key_of(name, index);
    values_[key] = std::move(value);
    values_[std::string(changed_flag)] = "true";
    if (std::find(changes_.begin(), changes_.end(), key) == changes_.end()) {
        changes_.push_back(std::move(key));
    }
    return {};
}

void Workpoint::restart() {
    owes_contact_ = false;
    parts_.clear();
    for (const auto* rule = begin_items(); rule != end_items(); ++rule) {
        if (!rule->is_kept) {
            values_.erase(std::string(rule->name));
        }
    }
}

void Workpoint::reset() {
    restart();
    values_.clear();
    changes_.clear();
    changes_said_ = 0;
}

void Workpoint::rename(std::string version) {
    identity_.version = std::move(version);
    abilities_ = abilities_of(identity_.version).value_or(abilities_);
}

base::Result<WpiStep> Workpoint::take(std::string_view body, bool in_call) {
    const auto words = read_words(body);
    if (!words) {
        return tl::unexpected(words.error());
    }
    if (words->nonce != nonce_) {
        return base::fail(Errc::malformed, "its nonce is not that of the request");
    }
    ++counts_.actions[words->action];
    if (words->action == "GetNextFragment" && !parts_.empty()) {
        return WpiStep{WpiStep::Kind::send, next_part()};
    }
    if (words->action == "GetNextFragment") {
        return base::fail(Errc::malformed, "GetNextFragment, and there is none");
    }
    parts_.clear(); // whoever asks for something else does not want the rest
    return obey(*words, in_call);
}

base::Result<WpiStep> Workpoint::obey(const ServiceWords& words, bool in_call) {
    const auto& action = words.action;
    const auto send = [](std::string message) {
        return WpiStep{WpiStep::Kind::send, std::move(message)};
    };
    if (limits_.max_items >= 0 &&
        words.items.size() > static_cast<std::size_t>(limits_.max_items)) {
        ++counts_.failed;
        return send(reply(action, "failed"));
    }
    if (action == "ReadAllItems" && !words.items.empty()) {
        return base::fail(Errc::malformed, "ReadAllItems with items");
    }
    if (action == "ReadAllItems") {
        return send(say_parts(action, all_items()));
    }
    if (action == "ReadItems") {
        return send(say_parts(action, read(words.items)));
    }
    if (action == "WriteItems" && in_call) {
        ++counts_.busy;
        return send(reply(action, "busy"));
    }
    if (action == "WriteItems") {
        doubtful_ = words.doubtful;
        return send(say_parts(action, write(words.items)));
    }
    if (action == "CleanUp") {
        return clean_up(words);
    }
    if (action != "Restart") {
        return deploy(words, in_call);
    }
    if (words.items.empty()) {
        return WpiStep{WpiStep::Kind::restart};
    }
    if (item_of(words.items, "restart-type") == "FactoryReset" &&
        item_of(words.items, "restart-password") == factory_password) {
        return WpiStep{WpiStep::Kind::factory_reset};
    }
    ++counts_.failed;
    return send(reply(action, "failed"));
}

WpiStep Workpoint::clean_up(const ServiceWords& words) {
    // What was said in this interaction is known there now; what changed meanwhile is not.
    const auto said = static_cast<std::ptrdiff_t>(std::min(changes_said_, changes_.size()));
    changes_.erase(changes_.begin(), changes_.begin() + said);
    changes_said_ = 0;
    values_[std::string(changed_flag)] = changes_.empty() ? "false" : "true";
    // Guide p. 72: several such wishes make one contact, and one that did not come about is kept.
    const bool still_owed = owes_contact_ && reason_ != "solicited";
    owes_contact_ = still_owed || (abilities_.sends_solicited &&
                                   item_of(words.items, "send-solicited") == "true");
    return {};
}

WpiStep Workpoint::deploy(const ServiceWords& words, bool in_call) {
    const bool is_firmware = words.action == "SoftwareDeployment";
    const auto& items = words.items;
    if (is_firmware && in_call && item_of(items, "file-priority") == "normal") {
        ++counts_.busy;
        return {WpiStep::Kind::send, reply(words.action, "busy")};
    }
    std::vector<std::string> indexes;
    for (const auto& item : items) {
        if (std::find(indexes.begin(), indexes.end(), item.index) == indexes.end()) {
            indexes.push_back(item.index);
        }
    }
    WpiStep step{is_firmware ? WpiStep::Kind::upgrade : WpiStep::Kind::fetch};
    for (const auto& index : indexes) {
        Deployment file;
        file.url = item_of(items, "file-https-base-url", index);
        file.name = item_of(items, "file-name", index);
        if (file.name.empty()) {
            file.name = file_name(file.url);
        }
        file.type = item_of(items, "file-type", index);
        file.index = index;
        file.version = told_version(item_of(items, "file-sw-version", index));
        file.deletes = item_of(items, "file-action", index) == "delete";
        if (file.name.empty() || (!file.deletes && !base::istarts_with(file.url, "https://"))) {
            ++counts_.failed;
            return {WpiStep::Kind::send, reply(words.action, "failed")}; // FTP is not played
        }
        step.files.push_back(std::move(file));
    }
    const bool is_one = step.files.size() == 1 && step.files.front().index.empty();
    if (step.files.empty() || (is_firmware && (!is_one || !abilities_of(step.files[0].version)))) {
        ++counts_.failed;
        return {WpiStep::Kind::send, reply(words.action, "failed")};
    }
    return step;
}

std::vector<WpiItem> Workpoint::read(const std::vector<WpiItem>& wanted) const {
    std::vector<WpiItem> items;
    for (const auto& item : wanted) {
        WpiItem row{item.name, item.index, {}, refuses_to_read(item.name, item.index)};
        if (row.status.empty()) {
            row.value = item.index.empty() ? told(item.name)
                                           : text_of(values_, key_of(item.name, item.index));
        }
        items.push_back(std::move(row));
    }
    return items;
}

std::vector<WpiItem> Workpoint::write(const std::vector<WpiItem>& wanted) {
    std::vector<WpiItem> problems;
    for (const auto& item : wanted) {
        auto why = refuses_to_write(item.name, item.index, item.value);
        if (why.empty()) {
            values_[key_of(item.name, item.index)] = item.value;
            ++counts_.items_written;
        } else {
            ++counts_.items_refused;
            problems.push_back({item.name, item.index, {}, std::move(why)});
        }
    }
    return problems;
}

std::string Workpoint::reply(std::string_view action, std::string_view status) {
    return say({.nonce = {},
                .reason = "reply-to",
                .action = std::string(action),
                .status = std::string(status),
                .has_items = false});
}

std::string Workpoint::say_parts(std::string_view action, std::vector<WpiItem> items) {
    parts_.assign(1, {});
    std::size_t bytes = 0;
    for (auto& item : items) {
        const auto size = size_of(item);
        const bool is_full = limits_.max_items > 0 &&
                             parts_.back().size() == static_cast<std::size_t>(limits_.max_items);
        if (!parts_.back().empty() && (is_full || bytes + size > limits_.chunk)) {
            parts_.emplace_back();
            bytes = 0;
        }
        bytes += size;
        parts_.back().push_back(std::move(item));
    }
    action_ = action;
    if (action != "WriteItems") {
        counts_.items_read += static_cast<int>(items.size());
    }
    return next_part();
}

std::string Workpoint::next_part() {
    auto items = std::move(parts_.front());
    parts_.pop_front();
    counts_.fragments += parts_.empty() ? 0 : 1;
    return say({.nonce = {},
                .fragment = parts_.empty() ? "final" : "next",
                .reason = "reply-to",
                .action = action_,
                .status = "accepted",
                .items = std::move(items)});
}

} // namespace phone
