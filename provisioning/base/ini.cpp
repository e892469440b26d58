// SPDX-License-Identifier: MIT
// Reads PBX-style configuration files line by line, and says of every wrong line what is wrong.
#include "provisioning/base/ini.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <optional>

namespace base {
namespace {

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

bool is_comment(std::string_view rest) noexcept {
    return rest.empty() || rest[0] == ';';
}

/// Reads one file; each function gets one line and returns what is wrong with it.
class Reader {
  public:
    explicit Reader(std::string_view file) : file_(file) {}

    Result<std::vector<IniSection>> read(std::string_view text) {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (text.substr(0, byte_order_mark.size()) == byte_order_mark) {
            text.remove_prefix(byte_order_mark.size());
        }
        while (!text.empty()) {
            ++line_;
            const auto end = text.find('\n');
            std::string_view line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (!line.empty() && line.back() == '\r') {
                line.remove_suffix(1);
            }
            if (const auto wrong = take(line)) {
                return fail(Errc::malformed, "{}:{}: {}", file_, line_, *wrong);
            }
        }
        return std::move(sections_);
    }

  private:
    using Wrong = std::optional<std::string>;

    Wrong take(std::string_view whole) {
        const auto control = std::find_if(whole.begin(), whole.end(), [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
        });
        if (control != whole.end()) {
            return fmt::format("control character \\x{:02x}; save the file as UTF-8 text with one "
                               "entry per line",
                               static_cast<unsigned char>(*control));
        }
        const std::string_view line = trim(whole);
        if (line.empty() || line[0] == ';' || line[0] == '#') {
            return std::nullopt;
        }
        return line[0] == '[' ? section(line) : entry(line);
    }

    Wrong section(std::string_view line) {
        const auto end = line.find(']');
        if (end == std::string_view::npos) {
            return "expected ']' at the end of the section, as in [profile sales]";
        }
        if (const auto rest = trim(line.substr(end + 1)); !is_comment(rest)) {
            return fmt::format("expected nothing behind ']', found '{}'", printable(rest, 40));
        }
        const std::string_view inside = trim(line.substr(1, end - 1));
        if (inside.empty()) {
            return "expected a section name between '[' and ']', as in [general]";
        }
        const auto gap = std::min(inside.find_first_of(" \t"), inside.size());
        IniSection found;
        found.kind = inside.substr(0, gap);
        found.name = trim(inside.substr(gap));
        found.line = line_;
        sections_.push_back(std::move(found));
        return std::nullopt;
    }

    Wrong entry(std::string_view line) {
        const auto equals = line.find('=');
        const std::string_view name = trim(line.substr(0, equals));
        // No name holds a colon, but a URL does, and its password does not belong in an error.
        if (equals == std::string_view::npos || name.empty() ||
            name.find_first_of(":;\"") != std::string_view::npos) {
            return fmt::format("expected 'name = value' or '[section]', found '{}'",
                               printable(name.substr(0, name.find_first_of(" \t:;\"'")), 40));
        }
        if (sections_.empty()) {
            return fmt::format("'{}' stands before any section; put it under [general]",
                               printable(name, 40));
        }
        std::string_view rest = line.substr(equals + 1);
        if (!rest.empty() && rest[0] == '>') {
            rest.remove_prefix(1);
        }
        IniEntry found{std::string(name), {}, line_};
        if (const auto text = trim(rest); !text.empty() && text[0] == '"') {
            if (auto wrong = quoted(text.substr(1), found.value)) {
                return wrong;
            }
        } else {
            found.value = trim(unquoted(rest));
        }
        sections_.back().entries.push_back(std::move(found));
        return std::nullopt;
    }

    static Wrong quoted(std::string_view text, std::string& value) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool escape = text[i] == '\\' && i + 1 < text.size() &&
                                (text[i + 1] == '"' || text[i + 1] == '\\');
            if (escape) {
                value += text[++i];
            } else if (text[i] != '"') {
                value += text[i];
            } else if (is_comment(trim(text.substr(i + 1)))) {
                return std::nullopt;
            } else {
                return R"(expected nothing behind the closing quote; write \" for a quote inside)";
            }
        }
        return R"(the closing quote is missing; write \" for a quote inside)";
    }

    static std::string_view unquoted(std::string_view rest) {
        for (std::size_t i = 1; i < rest.size(); ++i) {
            if (rest[i] == ';' && is_blank(rest[i - 1])) {
                return rest.substr(0, i);
            }
        }
        return rest;
    }

    std::string_view file_;
    int line_ = 0;
    std::vector<IniSection> sections_;
};

} // namespace

Result<std::vector<IniSection>> parse_ini(std::string_view text, std::string_view file) {
    return Reader(file).read(text);
}

} // namespace base
