// SPDX-License-Identifier: MIT
// Matches file names against a vendor's chain.
#include "provisioning/profile/vendor.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace profile {
namespace {

constexpr std::string_view code_slot = "{code}";
constexpr std::string_view no_code = "0000"; // what phones ask that do not know theirs

/// A map keyed by model, asked as the phone writes it.
std::string_view by_model(const std::map<std::string, std::string>& map, std::string_view model) {
    const auto found = std::find_if(map.begin(), map.end(), [&](const auto& entry) {
        return base::iequals(entry.first, model);
    });
    return found == map.end() ? std::string_view() : std::string_view(found->second);
}

void replace(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

/// The pattern with all filled in but {code}.
std::string without_mac(std::string pattern,
                        base::Mac mac,
                        std::string_view model,
                        std::string_view default_model) {
    replace(pattern, "{mac}", mac.str());
    replace(pattern, "{MAC}", mac.upper());
    replace(pattern, "{model}", model.empty() ? default_model : model);
    return pattern;
}

bool is_code(std::string_view text) {
    return text.size() == no_code.size() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool matches(std::string_view pattern, std::string_view file, std::string_view code) {
    const auto slot = pattern.find(code_slot);
    if (slot == std::string_view::npos) {
        return pattern == file;
    }
    const std::string_view head = pattern.substr(0, slot);
    const std::string_view tail = pattern.substr(slot + code_slot.size());
    if (file.size() != head.size() + no_code.size() + tail.size() ||
        file.substr(0, head.size()) != head || file.substr(file.size() - tail.size()) != tail) {
        return false;
    }
    const std::string_view middle = file.substr(head.size(), no_code.size());
    return middle == no_code || (code.empty() ? is_code(middle) : middle == code);
}

} // namespace

const ChainStep*
Vendor::step_for(std::string_view file, base::Mac mac, std::string_view model) const {
    const std::string_view code = by_model(device_codes, model);
    const auto found = std::find_if(chain.begin(), chain.end(), [&](const ChainStep& step) {
        return step.format != Format::items &&
               matches(without_mac(step.pattern, mac, model, default_model), file, code);
    });
    return found == chain.end() ? nullptr : &*found;
}

const ChainStep* Vendor::served_step() const {
    const auto found = std::find_if(chain.rbegin(), chain.rend(), [](const ChainStep& step) {
        return !step.template_name.empty();
    });
    return found == chain.rend() ? nullptr : &*found;
}

const ChainStep* Vendor::items_step() const {
    const auto found = std::find_if(chain.begin(), chain.end(), [](const ChainStep& step) {
        return step.format == Format::items && !step.template_name.empty();
    });
    return found == chain.end() ? nullptr : &*found;
}

bool Vendor::is_last(const ChainStep& step) const {
    const auto* last = served_step();
    return last != nullptr && last->template_name == step.template_name;
}

std::vector<std::string> Vendor::names_for(base::Mac mac, std::string_view model) const {
    const std::string_view code = by_model(device_codes, model);
    std::vector<std::string> names;
    for (const ChainStep& step : chain) {
        if (step.format == Format::items) {
            continue;
        }
        const std::string pattern = without_mac(step.pattern, mac, model, default_model);
        names.push_back(pattern);
        replace(names.back(), code_slot, no_code);
        if (!code.empty() && names.back() != pattern) {
            names.push_back(pattern);
            replace(names.back(), code_slot, code);
        }
    }
    return names;
}

std::string_view Vendor::spelling_of(std::string_view model) const {
    const std::string_view found = by_model(spellings, model);
    return found.empty() ? std::string_view(spelling) : found;
}

std::vector<std::string_view> Vendor::all_spellings() const {
    std::vector<std::string_view> all = {spelling};
    for (const auto& [model, other] : spellings) {
        if (std::find(all.begin(), all.end(), other) == all.end()) {
            all.emplace_back(other);
        }
    }
    return all;
}

} // namespace profile
