// SPDX-License-Identifier: MIT
// Takes a file apart line by line and judges each value by its row of the table.
#include "module/phone/panasonic_file.hpp"

#include "module/phone/panasonic_table.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>
#include <map>

namespace phone {

namespace {

using base::Errc;
using base::Result;

constexpr std::size_t longest_line = 537; // with CR LF; longer ones are ignored, guide §5.2.1
constexpr std::size_t longest_name = 32;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view flex_action = "FLEX_BUTTON_FACILITY_ACT";
constexpr std::string_view flex_argument = "FLEX_BUTTON_FACILITY_ARG";

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

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const auto length = base::utf8_at(text, at).length;
        if (length == 0) {
            return false;
        }
        at += length;
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

class FileReader {
  public:
    explicit FileReader(BadLine bad_line) : bad_line_(bad_line) {}

    Result<ReadFile> read(std::string_view bytes);

  private:
    base::Status take_line(std::string_view line, bool ends_well);
    base::Status take_setting(std::string_view line);
    base::Status judge_buttons();
    base::Status bad(std::string_view why);

    BadLine bad_line_;
    ReadFile file_;
    std::size_t number_ = 0;                       ///< of the line, from 1
    std::map<std::string, std::size_t> arguments_; ///< of buttons, and their lines
};

base::Status FileReader::bad(std::string_view why) {
    auto text = fmt::format("line {}: {}", number_, why);
    if (bad_line_ == BadLine::refuses_file) {
        return tl::unexpected(base::Error{Errc::malformed, std::move(text)});
    }
    file_.faults.push_back(std::move(text));
    return {};
}

base::Status FileReader::take_setting(std::string_view line) {
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
    } else if (base::istarts_with(name, flex_argument)) {
        arguments_.emplace(name, number_);
    }
    return {};
}

/// The action may stand behind the argument, or in another file: then nobody can tell here.
base::Status FileReader::judge_buttons() {
    for (const auto& [name, line] : arguments_) {
        const auto action =
            file_.values.find(fmt::format("{}{}", flex_action, name.substr(flex_argument.size())));
        if (action == file_.values.end() || fits_action(action->second, file_.values.at(name))) {
            continue;
        }
        number_ = line;
        file_.values.erase(name);
        if (auto taken = bad(fmt::format("the value of {} does not fit the button's action", name));
            !taken) {
            return taken;
        }
    }
    return {};
}

base::Status FileReader::take_line(std::string_view line, bool ends_well) {
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

Result<ReadFile> FileReader::read(std::string_view bytes) {
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
    if (auto taken = judge_buttons(); !taken) {
        return tl::unexpected(taken.error());
    }
    return std::move(file_);
}

} // namespace

Result<ReadFile> read_panasonic_file(std::string_view bytes, BadLine bad_line) {
    return FileReader(bad_line).read(bytes);
}

} // namespace phone
