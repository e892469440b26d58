// SPDX-License-Identifier: MIT
// The rules about a file and its lines; those about values and about several settings are called.
#include "provisioning/profile/kx/lint.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/names.hpp"
#include "provisioning/profile/kx/reader.hpp"
#include "provisioning/profile/kx/report.hpp"
#include "provisioning/profile/kx/rules.hpp"
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/value.hpp"
#include "provisioning/profile/kx/xml_file.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

namespace profile::kx {
namespace {

constexpr std::string_view section = "§5.2.1";
constexpr std::size_t longest_name = 32;         // characters, guide §5.2.1
constexpr std::size_t worth_reading = 1U << 20U; // beyond, only the size is told

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// By its byte-order mark, or the # or < that a file starts with.
bool is_utf16(std::string_view text) {
    using namespace std::string_view_literals;
    constexpr std::array starts{"\xFF\xFE"sv, "\xFE\xFF"sv, "#\0"sv, "\0#"sv, "<\0"sv, "\0<"sv};
    return std::find(starts.begin(), starts.end(), text.substr(0, 2)) != starts.end();
}

bool starts_right(std::string_view text) {
    return text.substr(0, signature.size()) == signature;
}

class FileCheck {
  public:
    FileCheck(std::string_view name,
              std::string_view text,
              Report& report,
              std::size_t searches = most_searched)
        : file_(name), text_(text), report_(report), searches_(searches) {}

    void run() {
        check_size();
        check_start();
        if (text_.size() > worth_reading) {
            return;
        }
        if (is_utf16(text_)) {
            add(Severity::error, "F02", {file_, 1, 1, {}, {}},
                "UTF-16, which editors also call Unicode; save the file as UTF-8 without a "
                "byte-order mark");
            return;
        }
        if (looks_encrypted()) {
            add(Severity::error, "R-KEY", {file_, 1, 1, {}, {}},
                "not text; an encrypted file needs a name that ends in .e1c, .e2c or .e3c");
            return;
        }
        check_encoding();
        const std::vector<Line> lines = read_lines(text_);
        check_ends(lines);
        for (const Line& line : lines) {
            if (line.number > 1 || line.is_setting()) { // the signature is F01's
                check_line(line);
            }
        }
    }

  private:
    Spot at(const Line& line, std::size_t column) const {
        return {file_, line.number, column, line.name, line.value};
    }

    void add(Severity severity, std::string_view code, const Spot& spot, std::string what) {
        report_.add(severity, code, spot, std::move(what), section);
    }

    void check_size() {
        if (text_.size() > comfortable_size) {
            add(text_.size() > largest_size ? Severity::error : Severity::warning, "F03",
                {file_, 0, 0, {}, {}},
                fmt::format("the file has {} bytes, and these phones take 120 KB", text_.size()));
        }
    }

    void check_start() {
        if (!starts_right(text_)) {
            const bool has_mark = text_.starts_with(byte_order_mark);
            add(Severity::error, "F01", {file_, 1, 1, {}, {}},
                fmt::format("the file must start with \"{}\", with nothing before it{}", signature,
                            has_mark ? "; a byte-order mark is there, which editors do not show: "
                                       "save the file as UTF-8 without one"
                                     : ""));
            return;
        }
        check_behind_signature(text_.substr(0, text_.find_first_of("\r\n")));
    }

    /// Text may stand there, and a setting is lost there.
    void check_behind_signature(std::string_view first) {
        constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
        const auto sign = first.find("=\"");
        const std::string_view before = first.substr(0, sign);
        const auto start = before.find_last_not_of(name_characters) + 1;
        if (sign != std::string_view::npos && start < sign) {
            add(Severity::warning, "L02",
                {file_, 1, column_of(first, start), before.substr(start), {}},
                "is read as a comment here, so the setting is lost; begin a new line for it");
        }
    }

    /// Bytes at the start that no text has. What an encrypted file looks like is not stated.
    bool looks_encrypted() const {
        constexpr std::size_t looked_at = 512;
        const std::string_view start = text_.substr(0, looked_at);
        return !starts_right(text_) && std::any_of(start.begin(), start.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n';
        });
    }

    void check_encoding() {
        const std::size_t at = first_not_utf8(text_);
        if (at == std::string_view::npos) {
            return;
        }
        const std::string_view before = text_.substr(0, at);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const std::size_t start = before.rfind('\n') + 1; // npos + 1 is 0
        add(Severity::error, "F02",
            {file_,
             static_cast<std::size_t>(line),
             column_of(text_.substr(start), at - start),
             {},
             {}},
            "not UTF-8 from here on; save the file in that encoding");
    }

    void check_ends(const std::vector<Line>& lines) {
        std::size_t bare = 0;
        const Line* first_bare = nullptr;
        for (const Line& line : lines) {
            const bool is_bare = line.end == "\n" || line.text.find('\r') != std::string_view::npos;
            if (is_bare && first_bare == nullptr) {
                first_bare = &line;
            }
            bare += is_bare ? 1 : 0;
        }
        if (first_bare != nullptr) {
            const std::size_t column = column_of(first_bare->text, first_bare->text.size());
            add(Severity::error, "F05", {file_, first_bare->number, column, {}, {}},
                bare == 1 ? "the line must end with CR LF"
                          : fmt::format("the line must end with CR LF; so must {} below it",
                                        bare == 2 ? std::string("one more")
                                                  : fmt::format("{} others", bare - 1)));
        }
        if (lines.empty()) {
            return; // F01 says it
        }
        const Line& last = lines.back();
        const Spot spot{file_, last.number, column_of(last.text, last.text.size()), {}, {}};
        if (last.end.empty()) {
            add(Severity::error, "F06", spot, "the last line does not end; add an empty line");
        } else if (!last.text.empty()) {
            add(Severity::warning, "F06", spot, "the file should end with an empty line");
        }
    }

    void check_line(const Line& line) {
        check_length(line);
        if (is_open_ && line.shape == Shape::none) { // more of a value that L06 told of
            is_open_ = line.text.find('"') == std::string_view::npos;
            return;
        }
        is_open_ = line.shape == Shape::not_closed;
        check_shape(line);
        if (line.is_setting()) {
            check_setting(line);
        }
    }

    void check_length(const Line& line) {
        if (!line.is_too_long()) {
            return;
        }
        const bool is_comment = line.shape == Shape::comment;
        add(is_comment ? Severity::info : Severity::error, "L01", at(line, 1),
            fmt::format("the line has {} bytes with its end and may have {}{}",
                        line.text.size() + 2, longest_line,
                        is_comment ? "" : "; the phone ignores it, so the setting is lost"));
    }

    void check_shape(const Line& line) {
        const auto fault = [&](std::string_view code, std::string what) {
            add(Severity::error, code, at(line, line.fault_column), std::move(what));
        };
        switch (line.shape) {
        case Shape::empty:
        case Shape::comment:
        case Shape::setting:
            return;
        case Shape::blank_outside:
            return fault("L03", "no space or tab may stand outside the quotes, nor before #");
        case Shape::text_behind:
            return fault("L04", "nothing may stand behind the closing quote; a comment has a line "
                                "of its own");
        case Shape::unquoted:
            return fault("L05", "the value must stand in double quotes, a number too");
        case Shape::quote_inside:
            return fault("L05", "a value cannot hold a double quote");
        case Shape::not_closed:
            return fault("L06", "the value does not end on its line, which makes the whole file "
                                "invalid");
        case Shape::none:
            return fault("L02", "neither a comment nor NAME=\"value\"");
        }
    }

    void check_setting(const Line& line) {
        const bool repeats = !line.is_too_long() && check_first(line);
        if (line.name.size() > longest_name) {
            add(Severity::error, "L08", at(line, 1),
                fmt::format("the name has {} characters and may have {}", line.name.size(),
                            longest_name));
        }
        if (line.name.find_first_of(" \t") != std::string_view::npos) {
            return; // L03 told of it
        }
        const Known* known = Table::shipped().find(line.name);
        if (known == nullptr) {
            check_unknown_name(at(line, 1), searches_ > 0, report_);
            searches_ -= std::min<std::size_t>(searches_, 1);
        }
        if (!line.has_value || (repeats && repeats_++ >= most_repeats)) {
            return;
        }
        const Spot spot = at(line, line.value_column);
        if (known == nullptr || known->row->max_length == 0) {
            check_any_value(spot, report_);
        }
        if (known != nullptr) {
            check_value(*known, spot, report_);
        }
    }

    /// True where a line above sets the same.
    bool check_first(const Line& line) {
        const auto [first, is_new] = seen_.emplace(line.name, line.number);
        if (!is_new) {
            add(Severity::warning, "L07", at(line, 1),
                fmt::format("line {} sets it already, and the first one counts", first->second));
        }
        return !is_new;
    }

    std::string_view file_;
    std::string_view text_;
    Report& report_;
    bool is_open_ = false; ///< a value above is not closed
    std::size_t repeats_ = 0;
    std::size_t searches_; ///< how often the nearest name may still be looked up
    std::unordered_map<std::string_view, std::size_t> seen_;
};

/// Which key an encrypted file is for, by its ending (guide §2.4.3.6).
bool is_encrypted_name(std::string_view name) {
    const std::string ending = base::lower(name.substr(name.size() < 4 ? 0 : name.size() - 4));
    return ending == ".e1c" || ending == ".e2c" || ending == ".e3c";
}

std::vector<Finding> lint_one(std::string_view file, std::size_t searches) {
    Report report;
    FileCheck({}, file, report, searches).run();
    if (file.size() <= worth_reading) {
        const auto settings = effective({{std::string(), std::string(file)}});
        check_rules(Sent(settings), false, report);
    }
    return report.take();
}

} // namespace

std::vector<Finding> lint(std::string_view file) {
    return lint_one(file, most_searched);
}

std::optional<Finding> first_error(std::string_view file) {
    for (Finding& finding : lint_one(file, 0)) {
        if (finding.severity == Severity::error) {
            return std::move(finding);
        }
    }
    return std::nullopt;
}

std::vector<Finding> lint_any(std::string_view file) {
    return is_xml(file) ? lint_xml(file) : lint(file);
}

std::vector<Finding> lint_phone(const std::vector<NamedFile>& files) {
    Report report;
    std::vector<NamedFile> readable;
    std::size_t size = 0;
    std::string all_names; // of those that count together
    for (const NamedFile& file : files) {
        if (is_xml(file.text)) {
            read_xml_file(file, report);
            readable.push_back(file);
            continue; // whether the sum rule holds for XML is not stated
        }
        size += file.text.size();
        all_names += (all_names.empty() ? "" : ", ") + file.name;
        if (!is_encrypted_name(file.name)) {
            FileCheck(file.name, file.text, report).run();
            if (file.text.size() <= worth_reading) {
                readable.push_back(file);
            }
        } else if (starts_right(file.text)) {
            report.add(Severity::error, "R-KEY", {file.name, 1, 1, {}, {}},
                       "the phone decrypts a file with this ending, and this one is plain text",
                       "§2.4.3.6");
        }
    }
    if (size > comfortable_size) {
        report.add(size > largest_size ? Severity::error : Severity::warning, "F04",
                   {all_names, 0, 0, {}, {}},
                   fmt::format(
                       "the files of this phone have {} bytes together, and it takes 120 KB", size),
                   section);
    }
    const auto settings = effective(readable);
    check_rules(Sent(settings), true, report);
    return report.take();
}

} // namespace profile::kx
