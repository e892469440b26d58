// SPDX-License-Identifier: MIT
// Written by hand and for these few shapes: no parser of the service's side is used here.
#include "module/phone/wpi_message.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace phone {

namespace {

using base::Errc;
using base::Result;

constexpr std::string_view namespace_of_it = "http://www.siemens.com/DLS";
constexpr std::string_view blanks = " \t\r\n";
constexpr int deepest = 4; // DLSMessage, Message, ItemList, Item
constexpr std::size_t most_items = 10'000;
constexpr std::array<std::string_view, 8> actions{
    "ReadAllItems",   "ReadItems",          "WriteItems",      "Restart",
    "FileDeployment", "SoftwareDeployment", "GetNextFragment", "CleanUp"};

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '&':
            out += "&amp;";
            break;
        case '"':
            out += "&#34;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string attribute(std::string_view name, std::string_view value) {
    return value.empty() ? "" : fmt::format(" {}=\"{}\"", name, escape(value));
}

std::string write_item(const WpiItem& item) {
    return fmt::format("   <Item{}{}{}>{}</Item>\n", attribute("status", item.status),
                       attribute("index", item.index), attribute("name", item.name),
                       escape(item.value));
}

struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::string text; ///< of its own, without the children's
    std::vector<Element> children;
    bool is_doubtful = false; ///< its text holds &lt; &gt; or &amp;
};

bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

void append_utf8(std::string& out, std::uint64_t code) {
    const auto tail = [&](unsigned shift) {
        out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
    };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | code >> 6U);
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | code >> 12U);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | code >> 18U);
        tail(12);
        tail(6);
        tail(0);
    }
}

/// &#39; or &#x27;, without & and ;
std::optional<std::uint64_t> number_of(std::string_view reference) {
    const bool is_hex = reference.size() > 2 && reference[1] == 'x';
    std::uint64_t code = 0;
    const auto digits = reference.substr(std::min<std::size_t>(is_hex ? 2 : 1, reference.size()));
    if (digits.empty() || digits.size() > 7) {
        return std::nullopt;
    }
    for (const char c : base::lower(digits)) {
        const auto at = std::string_view("0123456789abcdef").find(c);
        if (at >= (is_hex ? 16U : 10U)) { // npos as well
            return std::nullopt;
        }
        code = code * (is_hex ? 16U : 10U) + at;
    }
    const bool is_char = (code >= 0x20 || code == 9 || code == 10 || code == 13) &&
                         (code < 0xD800 || code > 0xDFFF) && code < 0x110000;
    return is_char ? std::optional(code) : std::nullopt;
}

class MessageReader {
  public:
    explicit MessageReader(std::string_view text) : text_(text) {}

    Result<Element> document() {
        constexpr std::string_view declaration = "<?xml ";
        if (text_.substr(0, declaration.size()) == declaration) {
            const auto end = text_.find("?>");
            if (end == std::string_view::npos) {
                return bad("the XML declaration has no end");
            }
            const auto words = base::lower(text_.substr(0, end));
            if (words.find("encoding=") != std::string::npos &&
                words.find("encoding=\"utf-8\"") == std::string::npos &&
                words.find("encoding='utf-8'") == std::string::npos) {
                return bad("its encoding is not UTF-8");
            }
            at_ = end + 2;
            skip_blanks();
        }
        auto root = element(1);
        if (root) {
            skip_blanks();
            if (at_ != text_.size()) {
                return bad("something stands behind the XML");
            }
        }
        return root;
    }

  private:
    tl::unexpected<base::Error> bad(std::string_view what) const {
        return base::fail(Errc::malformed, "{}, at byte {} of {}", what, at_, text_.size());
    }

    bool take(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    bool skip_blanks() {
        const auto before = at_;
        at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
        return at_ != before;
    }

    std::string name() {
        const auto start = at_;
        while (at_ < text_.size() && is_name_char(text_[at_])) {
            ++at_;
        }
        return std::string(text_.substr(start, at_ - start));
    }

    /// Up to one of `ends`, references decoded.
    Result<std::string> text_until(std::string_view ends, bool& is_doubtful) {
        std::string out;
        while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
            const char c = text_[at_];
            if (c == '<' || (static_cast<unsigned char>(c) < 0x20 &&
                             blanks.find(c) == std::string_view::npos)) {
                return bad("a character that may not stand here");
            }
            if (c != '&') {
                out += c;
                ++at_;
                continue;
            }
            const auto end = text_.substr(at_, 12).find(';');
            const auto word = text_.substr(at_ + 1, end == std::string_view::npos ? 0 : end - 1);
            const auto code = word.empty() || word.front() != '#' ? named(word) : number_of(word);
            if (!code) {
                return bad("an entity that is none of the five");
            }
            is_doubtful = is_doubtful || word == "lt" || word == "gt" || word == "amp";
            append_utf8(out, *code);
            at_ += end + 1;
        }
        return out;
    }

    static std::optional<std::uint64_t> named(std::string_view word) {
        constexpr std::array<std::pair<std::string_view, char>, 5> known{
            {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
        for (const auto& [name, c] : known) {
            if (name == word) {
                return static_cast<std::uint64_t>(c);
            }
        }
        return std::nullopt;
    }

    base::Status attributes(Element& element) {
        while (skip_blanks() && at_ < text_.size() && is_name_char(text_[at_])) {
            const auto key = name();
            const bool single = text_.substr(at_, 2) == "='";
            if (!take("=\"") && !take("='")) {
                return bad("an attribute without a quoted value");
            }
            bool ignored = false;
            auto value = text_until(single ? "'" : "\"", ignored);
            if (!value) {
                return tl::unexpected(value.error());
            }
            ++at_; // the quote; at the end of the text the caller finds nothing more
            if (!element.attributes.emplace(key, std::move(*value)).second) {
                return bad("an attribute that is there twice");
            }
        }
        return {};
    }

    Result<Element> element(int depth) {
        if (depth > deepest) {
            return bad("elements too deep");
        }
        if (!take("<")) {
            return bad("no element where one must be");
        }
        Element element;
        element.name = name();
        if (element.name.empty()) {
            return bad("a DTD, comment or instruction, or no name");
        }
        if (auto read = attributes(element); !read) {
            return tl::unexpected(read.error());
        }
        if (take("/>")) {
            return element;
        }
        if (!take(">")) {
            return bad("an element's tag without its end");
        }
        for (;;) {
            auto text = text_until("<", element.is_doubtful);
            if (!text) {
                return tl::unexpected(text.error());
            }
            element.text += *text;
            if (at_ >= text_.size()) {
                return bad("the text ends too early");
            }
            if (take("</")) {
                const bool same = name() == element.name;
                skip_blanks();
                if (!same || !take(">")) {
                    return bad("an end tag of another element");
                }
                return element;
            }
            if (element.children.size() == most_items) {
                return bad("too many elements");
            }
            auto child = this->element(depth + 1);
            if (!child) {
                return child;
            }
            element.children.push_back(std::move(*child));
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string trimmed(std::string_view text) {
    const auto start = std::min(text.find_first_not_of(blanks), text.size());
    const auto end = text.find_last_not_of(blanks);
    return std::string(text.substr(start, end == std::string_view::npos ? 0 : end - start + 1));
}

tl::unexpected<base::Error> wrong(std::string_view what) {
    return base::fail(Errc::malformed, "{}", what);
}

/// Nothing but these attributes, and no text of its own between its children.
bool has_only(const Element& element, std::initializer_list<std::string_view> attributes) {
    return std::all_of(element.attributes.begin(), element.attributes.end(),
                       [&](const auto& attribute) {
                           return std::find(attributes.begin(), attributes.end(),
                                            attribute.first) != attributes.end();
                       });
}

std::string value_of(const Element& element, const std::string& attribute) {
    const auto found = element.attributes.find(attribute);
    return found == element.attributes.end() ? "" : found->second;
}

base::Status take_items(const Element& list, ServiceWords& words) {
    if (!list.attributes.empty() || !trimmed(list.text).empty()) {
        return wrong("an ItemList with attributes or text");
    }
    for (const auto& one : list.children) {
        WpiItem item{value_of(one, "name"), value_of(one, "index"), one.text, {}};
        if (one.name != "Item" || !one.children.empty() || !has_only(one, {"name", "index"})) {
            return wrong("something else than an Item with name and index in the ItemList");
        }
        const auto index = base::parse_number(item.index);
        if (item.name.empty() || item.name.size() > 128 ||
            (one.attributes.count("index") != 0 && !index)) {
            return wrong("an Item without a name, or with an index that is no number");
        }
        // A value whose only text is a line break between the tags is an empty one.
        if (trimmed(item.value).empty()) {
            item.value.clear();
        }
        if (one.is_doubtful) {
            words.doubtful.push_back(key_of(item.name, item.index));
        }
        words.items.push_back(std::move(item));
    }
    return {};
}

} // namespace

std::string key_of(std::string_view name, std::string_view index) {
    return index.empty() ? std::string(name) : fmt::format("{}/{}", name, index);
}

std::size_t size_of(const WpiItem& item) {
    return write_item(item).size();
}

std::string write_words(const PhoneWords& words) {
    auto text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<WorkpointMessage xmlns=\"{0}\"\n  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        "\n  xsi:schemaLocation=\"{0}\">\n"
        " <Message nonce=\"{1}\" maxItems=\"{2}\"{3}>\n"
        "  <ReasonForContact{4}{5}>{6}</ReasonForContact>\n",
        namespace_of_it, words.nonce, words.max_items, attribute("fragment", words.fragment),
        attribute("status", words.status), attribute("action", words.action), words.reason);
    if (words.has_items && words.items.empty()) {
        text += "  <ItemList/>\n";
    } else if (words.has_items) {
        text += "  <ItemList>\n";
        for (const auto& item : words.items) {
            text += write_item(item);
        }
        text += "  </ItemList>\n";
    }
    return text + " </Message>\n</WorkpointMessage>\n";
}

Result<ServiceWords> read_words(std::string_view body) {
    const auto root = MessageReader(body).document();
    if (!root) {
        return tl::unexpected(root.error());
    }
    if (root->name != "DLSMessage") {
        return base::fail(Errc::malformed, "the root is {}, not DLSMessage",
                          base::printable(root->name, 40));
    }
    if (value_of(*root, "xmlns") != namespace_of_it ||
        value_of(*root, "xmlns:xsi") != "http://www.w3.org/2001/XMLSchema-instance" ||
        value_of(*root, "xsi:schemaLocation") != namespace_of_it || root->attributes.size() != 3) {
        return wrong("DLSMessage has not its three attributes");
    }
    if (root->children.size() != 1 || root->children.front().name != "Message" ||
        !trimmed(root->text).empty()) {
        return wrong("there is not one Message in the DLSMessage");
    }
    const auto& message = root->children.front();
    const auto& parts = message.children;
    ServiceWords words;
    words.nonce = value_of(message, "nonce");
    if (words.nonce.empty() || !has_only(message, {"nonce"}) || !trimmed(message.text).empty()) {
        return wrong("the Message has no nonce, or more than it");
    }
    if (parts.empty() || parts.front().name != "Action") {
        return wrong("the Message does not begin with an Action");
    }
    words.action = trimmed(parts.front().text);
    if (std::find(actions.begin(), actions.end(), words.action) == actions.end() ||
        !parts.front().attributes.empty() || !parts.front().children.empty()) {
        return base::fail(Errc::malformed, "an Action that nobody knows: {}",
                          base::printable(words.action, 40));
    }
    if (parts.size() > 2 || (parts.size() == 2 && parts.back().name != "ItemList")) {
        return wrong("something else than one ItemList behind the Action");
    }
    if (parts.size() == 2) {
        if (auto taken = take_items(parts.back(), words); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    return words;
}

} // namespace phone
