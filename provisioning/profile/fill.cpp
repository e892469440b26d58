// SPDX-License-Identifier: MIT
// Fills {placeholders}, and says where one is wrong without repeating it.
#include "provisioning/profile/fill.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <vector>

namespace profile {
namespace {

std::string unknown(std::string_view name, std::initializer_list<Slot> slots) {
    std::vector<std::string_view> names;
    std::string all;
    for (const Slot& slot : slots) {
        names.push_back(slot.name);
        all += all.empty() ? "{" : ", {";
        all += slot.name;
        all += "}";
    }
    const auto near = base::nearest(name, names);
    return fmt::format("is none of {}; {}write {{{{ and }}}} for braces that shall stay", all,
                       near ? fmt::format("did you mean {{{}}}? Else ", *near) : std::string());
}

} // namespace

base::Result<std::string> fill(std::string_view text, std::initializer_list<Slot> slots) {
    using base::Errc;
    using base::fail;
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool doubled = at + 1 < text.size() && text[at + 1] == c;
        if (c != '{' && c != '}') {
            out += c;
            continue;
        }
        if (doubled) {
            out += c;
            ++at;
            continue;
        }
        const auto end = c == '{' ? text.find('}', at) : std::string_view::npos;
        if (end == std::string_view::npos) {
            return fail(Errc::malformed,
                        "the brace at character {} has no partner; write {}{} for a brace that "
                        "shall stay",
                        at + 1, c, c);
        }
        const std::string_view name = text.substr(at + 1, end - at - 1);
        const auto* const slot =
            std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.name == name; });
        if (slot == slots.end()) {
            return fail(Errc::not_found, "the {{...}} at character {} {}", at + 1,
                        unknown(name, slots));
        }
        if (!slot->refusal.empty()) {
            return fail(Errc::refused, "{{{}}}: {}", slot->name, slot->refusal);
        }
        out += slot->value;
        at = end;
    }
    return out;
}

} // namespace profile
