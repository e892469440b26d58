// SPDX-License-Identifier: MIT
#include "module/phone/panasonic_file.hpp"

#include "module/phone/panasonic_table.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

using base::Errc;
using base::Result;

constexpr std::size_t longest_line = 537; // with CR LF; longer ones are ignored, guide §5.2.1
constexpr std::size_t longest_name = 32;
constexpr std::string_view line_end = "\r\n";

struct Setting {
    std::string_view name;
    std::string_view value;
};

bool is_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= longest_name &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

/// How many bytes the UTF-8 character at the front has (RFC 3629 section 4), 0 for none.
std::size_t character_at(std::string_view text) noexcept {
    const auto byte = [text](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte(at) & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    const auto second = byte(1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    return overlong || beyond ? 0 : length;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = character_at(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// NAME="value" and nothing else on the line.
Result<Setting> take_apart(std::string_view line) {
    const auto equals = std::min(line.find('='), line.size());
    const auto name = line.substr(0, equals);
    if (equals == line.size() || !is_name(name)) {
        return base::fail(Errc::malformed, "no comment, and no NAME=\"value\"");
    }
    auto rest = line.substr(equals + 1);
    if (rest.empty() || rest.front() != '"') {
        return base::fail(Errc::malformed, "the value of {} is not in quotes", name);
    }
    rest.remove_prefix(1);
    const auto quote = rest.find('"');
    if (quote != std::string_view::npos && quote + 1 != rest.size()) {
        return base::fail(Errc::malformed, "something stands behind the value of {}", name);
    }
    return Setting{name, rest.substr(0, quote)};
}

/// Guide §5.2.1: a parameter over several lines makes the whole file invalid.
bool goes_on_in_the_next(std::string_view line) noexcept {
    const auto quote = line.find("=\"");
    return !line.empty() && line.front() != '#' && quote != std::string_view::npos &&
           line.find('"', quote + 2) == std::string_view::npos;
}

class Reader {
  public:
    explicit Reader(BadLine bad_line) : bad_line_(bad_line) {}

    Result<ReadFile> read(std::string_view bytes);

  private:
    base::Status take_line(std::string_view line, bool ends_well);
    base::Status take_setting(std::string_view line);
    base::Status bad(std::string_view why);

    BadLine bad_line_;
    ReadFile file_;
    std::size_t number_ = 0; ///< of the line, from 1
};

base::Status Reader::bad(std::string_view why) {
    auto text = fmt::format("line {}: {}", number_, why);
    if (bad_line_ == BadLine::refuses_file) {
        return tl::unexpected(base::Error{Errc::malformed, std::move(text)});
    }
    file_.faults.push_back(std::move(text));
    return {};
}

base::Status Reader::take_setting(std::string_view line) {
    const auto setting = take_apart(line);
    if (!setting) {
        return bad(setting.error().what);
    }
    std::string name(setting->name);
    if (const auto* parameter = find_panasonic_parameter(name); parameter == nullptr) {
        file_.unknown.push_back(name);
        return {};
    } else if (const auto good = judge_value(*parameter, setting->value); !good) {
        return bad(fmt::format("the value of {} {}", name, good.error().what));
    }
    const bool first = file_.values.emplace(name, setting->value).second;
    if (!first) { // guide §5.2.1: the first counts
        file_.faults.push_back(fmt::format("line {}: {} again, ignored", number_, name));
    }
    return {};
}

base::Status Reader::take_line(std::string_view line, bool ends_well) {
    ++number_;
    if (line.size() + line_end.size() > longest_line) {
        file_.faults.push_back(
            fmt::format("line {}: longer than {} bytes, ignored", number_, longest_line));
        return {};
    }
    if (goes_on_in_the_next(line)) {
        return base::fail(Errc::malformed, "line {}: a parameter spread over several lines",
                          number_);
    }
    if (!ends_well || line.find_first_of(line_end) != std::string_view::npos) {
        return bad("does not end by CR LF");
    }
    if (!is_utf8(line)) {
        return bad("is not UTF-8");
    }
    if (line.empty() || line.front() == '#') {
        return {};
    }
    return take_setting(line);
}

Result<ReadFile> Reader::read(std::string_view bytes) {
    if (bytes.substr(0, panasonic_signature.size()) != panasonic_signature) {
        return base::fail(Errc::malformed, "it does not begin with \"{}\"", panasonic_signature);
    }
    if (bytes.size() > largest_panasonic_file) {
        return base::fail(Errc::malformed, "it has {} bytes, and {} are the most", bytes.size(),
                          largest_panasonic_file);
    }
    bool ends_empty = false;
    while (!bytes.empty()) {
        const auto feed = std::min(bytes.find('\n'), bytes.size());
        auto line = bytes.substr(0, feed);
        const bool ends_well = feed < bytes.size() && !line.empty() && line.back() == '\r';
        line.remove_suffix(ends_well ? 1 : 0);
        bytes.remove_prefix(std::min(feed + 1, bytes.size()));
        ends_empty = ends_well && line.empty();
        if (auto taken = take_line(line, ends_well); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    if (!ends_empty) {
        if (auto taken = bad("the last line is not empty"); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    return std::move(file_);
}

} // namespace

Result<ReadFile> read_panasonic_file(std::string_view bytes, BadLine bad_line) {
    return Reader(bad_line).read(bytes);
}

} // namespace phone
