// SPDX-License-Identifier: MIT
// Feeds bytes to the reader of configuration files: what it accepts, it reads again the same.
// rooms: base
#include "provisioning/base/ini.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

std::string spell(const std::vector<base::IniSection>& sections) {
    std::string out;
    for (const auto& section : sections) {
        out += "[" + section.kind + (section.name.empty() ? "" : " " + section.name) + "]\n";
        for (const auto& entry : section.entries) {
            out += entry.name + " = \"";
            for (const char c : entry.value) {
                out += c == '"' || c == '\\' ? "\\" : "";
                out += c;
            }
            out += "\"\n";
        }
    }
    return out;
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto sections = base::parse_ini(text, "fuzz.conf");
    if (!sections) {
        require(sections.error().what.rfind("fuzz.conf:", 0) == 0);
        return 0;
    }
    int line = 0;
    for (const auto& section : *sections) {
        require(section.line > line && !section.kind.empty());
        line = section.line;
        for (const auto& entry : section.entries) {
            require(entry.line > line && !entry.name.empty());
            require(entry.value.find_first_of(std::string_view("\n\0", 2)) == std::string::npos);
            line = entry.line;
        }
    }
    const std::string spelled = spell(*sections);
    const auto again = base::parse_ini(spelled, "again.conf");
    require(again.has_value() && again->size() == sections->size());
    require(spell(*again) == spelled);
    return 0;
}
