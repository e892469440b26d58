// SPDX-License-Identifier: MIT
// Reads the XML form and compares each attribute's place with the table.
#include "provisioning/base/text.hpp"
#include "provisioning/base/xml.hpp"
#include "provisioning/profile/kx/names.hpp"
#include "provisioning/profile/kx/reader.hpp"
#include "provisioning/profile/kx/rules.hpp"
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/value.hpp"
#include "provisioning/profile/kx/xml_file.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

namespace profile::kx {
namespace {

constexpr std::size_t comfortable_xml = 240'000;             // "240 KB" read in the stricter way
constexpr std::size_t largest_xml = std::size_t{240} * 1024; // and in the laxer one, guide §2.4.4
constexpr std::size_t most_read = 1U << 20U;
constexpr std::string_view of_xml = "§2.4.4.1";
constexpr std::string_view root = "PANASipPhoneConfig";
constexpr std::string_view xml_blanks = " \t\r\n";
constexpr std::string_view unknown_parent = "(unknown)"; // what the table has where a page is lost

/// "A/Line[@ID]/B" → "A/Line/B".
std::string without_ids(std::string_view path) {
    constexpr std::string_view mark = "[@ID]";
    std::string out(path);
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark)) {
        out.erase(at, mark.size());
    }
    return out;
}

std::string_view last_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// The elements of the table.
struct Elements {
    std::unordered_map<std::string, const Parameter*> rows; ///< by path, and by its last name
    std::set<std::string> names;                            ///< groups too

    Elements() {
        for (const Parameter& row : Table::shipped().rows()) {
            const std::string path = without_ids(row.xml_element);
            rows.emplace(path, &row);
            rows.emplace(last_of(path), &row);
            for (const std::string_view name : base::split(path, '/')) {
                names.emplace(name);
            }
        }
    }

    /// nullptr: a group, or not known.
    const Parameter* row_at(const std::string& path) const {
        const auto exact = rows.find(path);
        const auto alike = exact != rows.end() ? exact : rows.find(std::string(last_of(path)));
        return alike == rows.end() ? nullptr : alike->second;
    }

    static const Elements& shipped() {
        static const Elements elements;
        return elements;
    }
};

/// Attributes of the schema: xmlns, xsi:schemaLocation.
bool is_of_schema(std::string_view attribute) {
    return attribute.find(':') != std::string_view::npos || base::istarts_with(attribute, "xmlns");
}

bool holds_settings(const base::XmlNode& node) {
    return std::any_of(
               node.attributes.begin(), node.attributes.end(),
               [](const auto& one) { return one.first != "ID" && !is_of_schema(one.first); }) ||
           std::any_of(node.children.begin(), node.children.end(), holds_settings);
}

std::string_view without_blanks(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(xml_blanks), text.size()));
    return text.substr(0, text.find_last_not_of(xml_blanks) + 1);
}

/// Takes `what` and the blanks before it off the front; false when it does not stand there.
bool take(std::string_view& text, std::string_view what) {
    const auto start = text.find_first_not_of(xml_blanks);
    if (start == std::string_view::npos || !base::istarts_with(text.substr(start), what)) {
        return false;
    }
    text.remove_prefix(start + what.size());
    return true;
}

/// Takes ` NAME = "VALUE"` off the front, or with ' (XML 1.0, 2.8); false for anything else.
bool take_pair(std::string_view& text, std::string_view name, std::string_view value) {
    if (text.find_first_not_of(xml_blanks) == 0 || !take(text, name) || !take(text, "=")) {
        return false;
    }
    return take(text, fmt::format("\"{}\"", value)) || take(text, fmt::format("'{}'", value));
}

/// Version 1.0 and UTF-8, as XML 1.0 allows to write it.
bool is_right_declaration(std::string_view text) {
    constexpr std::string_view start = "<?xml";
    if (text.substr(0, start.size()) != start) {
        return false;
    }
    text.remove_prefix(start.size());
    return take_pair(text, "version", "1.0") && take_pair(text, "encoding", "utf-8") &&
           (take_pair(text, "standalone", "yes") || take_pair(text, "standalone", "no") ||
            take(text, "?>"));
}

/// Where we are: the elements above, and the numbers that they carry.
struct Where {
    std::string path;
    std::optional<std::uint64_t> line;
    std::optional<std::uint64_t> button_or_codec;
};

/// The attribute that carries the value here: "SIP_URI_1"; with n or x where the number is unknown.
std::string attribute_name(const Parameter& row, const Where& where) {
    std::string out(row.xml_attribute);
    const auto fill = [&](std::string_view mark, const std::optional<std::uint64_t>& number) {
        if (const auto at = out.find(mark); at != std::string::npos) {
            out.replace(at, mark.size(),
                        number ? std::to_string(*number) : std::string(1, mark[1]));
        }
    };
    fill("[n]", where.line);
    fill("[x]", where.button_or_codec);
    fill("[y]", where.button_or_codec);
    return out;
}

/// Line and column of a byte, found by walking there.
struct TextPlace {
    std::size_t at = 0;
    std::size_t line = 1;
    std::size_t column = 1;

    void go_to(std::string_view text, std::size_t to) {
        const std::string_view passed = text.substr(at, std::max(to, at) - at);
        line += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
        const auto feed = passed.rfind('\n');
        const std::string_view rest = passed.substr(feed + 1); // npos + 1 is 0
        column = (feed == std::string_view::npos ? column : 1) + column_of(rest, rest.size()) - 1;
        at += passed.size();
    }
};

/// Walks to the attribute `name` of the tag that `place` is in, or stays.
void go_to_attribute(TextPlace& place, std::string_view text, std::string_view name) {
    for (std::size_t at = place.at; at < text.size() && text[at] != '>'; ++at) {
        if (text[at] == '"' || text[at] == '\'') { // a name may stand in a value, too
            at = std::min(text.find(text[at], at + 1), text.size());
        } else if (xml_blanks.find(text[at]) != std::string_view::npos &&
                   text.substr(at + 1, name.size()) == name &&
                   text.find_first_of("= \t\r\n", at + 1) == at + 1 + name.size()) {
            return place.go_to(text, at + 1);
        }
    }
}

/// Walks on to the first character of its value.
void go_to_value(TextPlace& place, std::string_view text) {
    const auto quote = text.find_first_of("\"'", place.at);
    place.go_to(text, std::min(quote, text.size() - 1) + 1);
}

class XmlCheck {
  public:
    XmlCheck(const NamedFile& file, Report& report) : file_(file), report_(report) {}

    std::vector<Effective> run() {
        check_size();
        check_start();
        if (file_.text.size() > most_read) {
            return {};
        }
        const std::size_t odd = first_not_utf8(file_.text);
        if (odd != std::string_view::npos && is_right_declaration(file_.text)) {
            TextPlace place;
            place.go_to(file_.text, odd);
            report_.add(Severity::error, "F02", at(place, {}, {}),
                        "not UTF-8 from here on; save the file in that encoding", "§2.4.4.1");
            return {};
        }
        const auto parsed = base::parse_xml(file_.text, {most_read});
        if (!parsed) {
            tell_malformed(parsed.error());
            return {};
        }
        if (parsed->name != root) {
            add(Severity::error, "X03", at(place_of(*parsed), {}, {}),
                fmt::format("the outermost element must be <{}>", root));
        }
        visit(*parsed, {});
        return std::move(settings_);
    }

  private:
    static constexpr TextPlace start{};

    Spot at(const TextPlace& place, std::string_view name, std::string_view value) const {
        return {file_.name, place.line, place.column, name, value};
    }

    /// Elements are asked for from first to last, so that the file is walked once.
    TextPlace place_of(const base::XmlNode& node) {
        place_.go_to(file_.text, node.at);
        return place_;
    }

    void add(Severity severity, std::string_view code, const Spot& spot, std::string what) {
        report_.add(severity, code, spot, std::move(what), of_xml);
    }

    void check_size() {
        const std::size_t size = file_.text.size();
        if (size > comfortable_xml) {
            report_.add(
                size > largest_xml ? Severity::error : Severity::warning, "F03",
                {file_.name, 0, 0, {}, {}},
                fmt::format("the file has {} bytes, and these phones take 240 KB of XML", size),
                "§2.4.4");
        }
    }

    void check_start() {
        const std::string_view text = file_.text;
        if (!is_right_declaration(text)) {
            add(Severity::error, "X02", at(start, {}, {}),
                "the file must start with the XML declaration "
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        }
        if (text.substr(0, text.find(root)).find(signature) == std::string_view::npos) {
            report_.add(
                Severity::info, "X06", at(start, {}, {}),
                fmt::format("the guide wants a comment with the signature at the start, and "
                            "its own example has none: <!-- {} -->",
                            signature),
                "§2.4.4");
        }
    }

    /// What libxml2 says may hold a piece of a value, so only its place is used. What is refused is
    /// well-formed, and told in words of ours.
    void tell_malformed(const base::Error& error) {
        const std::string_view what = error.what;
        const auto colon = what.find(": ");
        std::size_t numbers[2] = {1, 1};
        std::size_t found = 0;
        for (const std::string_view word : base::split(what.substr(0, colon), ' ')) {
            if (const auto number = base::parse_number(word); number && found < 2) {
                numbers[found++] = std::max<std::size_t>(*number, 1);
            }
        }
        const bool is_ours = error.code == base::Errc::refused && colon != std::string_view::npos;
        add(Severity::error, "X01", {file_.name, numbers[0], numbers[1], {}, {}},
            is_ours ? std::string(what.substr(colon + 2))
                    : "not well-formed XML; within a value the characters \" & ' < > are written "
                      "&quot; &amp; &apos; &lt; &gt;");
    }

    void visit(const base::XmlNode& node, Where where) {
        const bool has_number = base::istarts_with(node.name, "UserAgentPort");
        where.path += (where.path.empty() ? "" : "/") +
                      (has_number ? std::string("UserAgentPort[n]") : node.name);
        if (has_number) {
            where.line = base::parse_number(std::string_view(node.name).substr(13));
        }
        if (node.name == "Line") {
            where.line = base::parse_number(node.attribute("ID"));
        } else if (node.name == "Button" || node.name == "List") {
            where.button_or_codec = base::parse_number(node.attribute("ID"));
        }
        const bool may_have_id =
            node.name == "Line" || node.name == "Button" || node.name == "List";
        TextPlace place = place_of(node);
        for (const auto& [name, value] : node.attributes) {
            go_to_attribute(place, file_.text, name);
            if (name != "ID" || !may_have_id) {
                check_attribute(place, where, name, value);
            }
        }
        if (!where.path.empty() && where.path != node.name && !check_element(node, where)) {
            return;
        }
        for (const base::XmlNode& child : node.children) {
            visit(child, where);
        }
    }

    /// False for an unknown one without a setting: what is in it is not worth a word either. One
    /// with settings is told of at those.
    bool check_element(const base::XmlNode& node, const Where& where) {
        const std::string_view text = without_blanks(node.text);
        const bool is_known = Elements::shipped().names.contains(std::string(last_of(where.path)));
        if (!is_known && !holds_settings(node)) {
            check_unknown_element(node, text);
            return false;
        }
        if (text.empty()) {
            return true;
        }
        if (const Parameter* row = Elements::shipped().row_at(where.path)) {
            const std::string name = attribute_name(*row, where);
            add(Severity::error, "X07", at(place_of(node), name, text),
                fmt::format(
                    "a value is an attribute, and text is not read; write <{} {}=\"...\" />",
                    node.name, name));
        } else {
            add(Severity::error, "X07", at(place_of(node), {}, {}),
                fmt::format("<{}> holds text, which is not read; a value is an attribute",
                            node.name));
        }
        return true;
    }

    void check_unknown_element(const base::XmlNode& node, std::string_view text) {
        std::string meant;
        if (searched_++ < most_searched) {
            const auto& names = Elements::shipped().names;
            const std::vector<std::string_view> all(names.begin(), names.end());
            meant = base::nearest(node.name, all).value_or("");
        }
        report_.add(Severity::warning, "X08", at(place_of(node), node.name, text),
                    meant.empty()
                        ? "not an element that these phones are known to read"
                        : fmt::format("not an element that these phones are known to read; did you "
                                      "mean {}?",
                                      meant),
                    "§2.4.4.2", meant);
    }

    void check_attribute(const TextPlace& place,
                         const Where& where,
                         const std::string& name,
                         const std::string& value) {
        const Spot spot = at(place, name, value);
        if (is_of_schema(name)) {
            return;
        }
        const Known* known = Table::shipped().find(name);
        if (known == nullptr) {
            check_unknown_name(spot, searched_++ < most_searched, report_);
            return;
        }
        const auto [first, is_new] = seen_.emplace(name, spot.line);
        if (!is_new) {
            add(Severity::warning, "L07", spot,
                fmt::format("line {} sets it already", first->second));
            if (repeats_++ >= most_repeats) {
                return;
            }
        }
        check_place(*known, where, spot);
        TextPlace inside = place;
        go_to_value(inside, file_.text);
        const Spot in_value = at(inside, name, value);
        if (is_new) {
            settings_.push_back({name, value, file_.name, in_value.line, in_value.column,
                                 known->row->is_secret, known->row->yields_to_phone});
        }
        if (value.find('"') != std::string::npos) {
            report_.add(Severity::error, "V07", in_value, "a value cannot hold a double quote",
                        known->row->section);
        } else {
            check_value(*known, in_value, report_);
        }
    }

    void check_place(const Known& known, const Where& where, const Spot& spot) {
        const Parameter& row = *known.row;
        const std::string path = without_ids(row.xml_element);
        if (path.empty()) {
            report_.add(Severity::error, "X04", spot,
                        "has no XML form; put it into a plain text file of another level",
                        "§2.4.4.2");
        } else if (last_of(path) != last_of(where.path)) {
            report_.add(Severity::error, "X04", spot,
                        fmt::format("belongs to the element {}", last_of(path)), "§2.4.4.2");
        } else if (path != where.path && path.find(unknown_parent) == std::string::npos) {
            // The guide's table lost its indentation, so the path is not beyond doubt.
            report_.add(Severity::warning, "X04", spot, fmt::format("is expected at {}", path),
                        "§2.4.4.2");
        }
        const bool in_line = row.xml_element.find("Line[@ID]") != std::string_view::npos ||
                             row.xml_element.find("UserAgentPort") != std::string_view::npos;
        const bool in_list = row.xml_element.find("Button[@ID]") != std::string_view::npos ||
                             row.xml_element.find("List[@ID]") != std::string_view::npos;
        if ((in_line && where.line != known.n) || (in_list && where.button_or_codec != known.x)) {
            add(Severity::error, "X05", spot,
                "its number differs from the ID of the element that it stands in");
        }
    }

    const NamedFile& file_;
    Report& report_;
    TextPlace place_; ///< of the element that is looked at
    std::size_t searched_ = 0;
    std::size_t repeats_ = 0;
    std::unordered_map<std::string, std::size_t> seen_;
    std::vector<Effective> settings_;
};

} // namespace

bool is_xml(std::string_view text) noexcept {
    const auto start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    return start != std::string_view::npos && text[start] == '<';
}

std::vector<Effective> read_xml_file(const NamedFile& file, Report& report) {
    return XmlCheck(file, report).run();
}

std::vector<Finding> lint_xml(std::string_view file) {
    Report report;
    const NamedFile named{{}, std::string(file)};
    const auto settings = read_xml_file(named, report);
    check_rules(Sent(settings), false, report);
    return report.take();
}

} // namespace profile::kx
