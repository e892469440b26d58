// SPDX-License-Identifier: MIT
// The option table as a sample file and as the README's section.
#include "module/option_table.hpp"
#include "provisioning/base/text.hpp"

namespace engine {

namespace {

/// How a section is headed in the sample file.
std::string heading(std::string_view section) {
    if (section == "general") {
        return "\n[general]\n";
    }
    if (section == "rule") {
        return "\n; What becomes of phones that nobody decided upon: as many sections as needed, "
               "the "
               "first one\n; that matches wins. An empty matcher (oui, vendor, model, network) "
               "takes "
               "every phone.\n;[rule NAME]\n";
    }
    if (section == "firmware") {
        return "\n; Firmware for some phones: as many sections as needed, the first one that "
               "matches "
               "wins.\n; It needs vendor, version and file.\n;[firmware NAME]\n";
    }
    return "\n; Values for some phones: as many sections as needed, the first one that matches "
           "and\n"
           "; sets a value wins. An empty matcher (vendor, model, network) takes every phone.\n"
           ";[profile NAME]\n";
}

} // namespace

std::string sample_file() {
    std::string out =
        "; pnp.conf: every option with its default. Lines that start with ; or # are comments,\n"
        "; as is what follows a blank and a ; on a line; a # inside a value belongs to it.\n"
        "; `pnp reload` reads this file again, except where it says \"needs a restart\".\n";
    std::string_view section;
    for (const auto& row : option_rows()) {
        const auto& option = row.option;
        if (option.section != section) {
            section = option.section;
            out += heading(section);
        }
        std::string line = ";";
        for (const auto word : base::split(option.help, ' ')) {
            if (line.size() + word.size() > 96) {
                out += line + "\n";
                line = ";";
            }
            line += fmt::format(" {}", word);
        }
        out += line + "\n";
        if (!option.reload_is_enough) {
            out += "; Needs a restart.\n";
        }
        out += option.fallback.empty() ? fmt::format(";{} = {}\n", option.name, option.value)
                                       : fmt::format(";{} = {}\n", option.name, option.fallback);
        if (!option.fallback.empty() && option.value.find('|') != option.value.npos) {
            out.insert(out.size() - 1, fmt::format(" ; {}", option.value));
        }
    }
    return out;
}

std::string markdown_table() {
    std::string out;
    std::string_view section;
    for (const auto& row : option_rows()) {
        const auto& option = row.option;
        if (option.section != section) {
            section = option.section;
            out += fmt::format("{}`[{}]`\n\n| option | value | default | what it does |\n"
                               "|---|---|---|---|\n",
                               out.empty() ? "" : "\n",
                               section == "general" ? "general" : fmt::format("{} NAME", section));
        }
        std::string value(option.value);
        for (std::size_t at = 0; (at = value.find('|', at)) != value.npos; at += 2) {
            value.insert(at, "\\");
        }
        out += fmt::format("| `{}` | {} | {} | {}{} |\n", option.name, value,
                           option.fallback.empty() ? "" : fmt::format("`{}`", option.fallback),
                           option.help, option.reload_is_enough ? "" : " Needs a restart.");
    }
    return out;
}

} // namespace engine
