// SPDX-License-Identifier: MIT
// Reads XML with libxml2's reader into plain nodes; nothing else in the tree includes libxml2.
#include "provisioning/base/xml.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>
#include <climits>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlversion.h>
#include <memory>

namespace base {
namespace {

constexpr std::size_t most_attributes = 256;

/// "line 3 column 7" of a byte.
std::string place(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n');
    return fmt::format("line {} column {}", lines + 1,
                       start == std::string_view::npos ? before.size() + 1 : before.size() - start);
}

/// The encoding that the document declares, which must be one where a byte below 128 is always the
/// ASCII character: the scan looks at bytes, and must not see other markup than libxml2 does.
Result<std::string> encoding_of(std::string_view text) {
    std::string_view rest = text.substr(0, text.substr(0, 5) == "<?xml" ? text.find("?>") : 0);
    const auto name = rest.find("encoding");
    if (name == std::string_view::npos) {
        return "UTF-8"; // XML 1.0, 4.3.3
    }
    rest.remove_prefix(name);
    std::string_view value;
    if (const auto open = rest.find_first_of("\"'"); open != std::string_view::npos) {
        value = rest.substr(open + 1);
        value = value.substr(0, value.find(rest[open]));
    }
    for (const char* known : {"UTF-8", "US-ASCII", "ISO-8859-1", "ISO-8859-15", "windows-1252"}) {
        if (iequals(value, known)) {
            return known;
        }
    }
    return fail(Errc::refused, "{}: encoding '{}' is not supported; send UTF-8", place(text, name),
                printable(value, 40));
}

/// Walks from a '<' to the '>' of a start tag, past quoted values; npos if there is none. Counts
/// the attributes on the way.
std::size_t end_of_tag(std::string_view tag, std::size_t& attributes) {
    constexpr std::string_view marks = "\"'=>";
    std::size_t at = tag.find_first_of(marks);
    while (at != std::string_view::npos && tag[at] != '>') {
        if (tag[at] == '=') {
            ++attributes;
        } else {
            at = tag.find(tag[at], at + 1);
        }
        at = at == std::string_view::npos ? at : tag.find_first_of(marks, at + 1);
    }
    return at;
}

/// Looks at the tags, once and in linear time, before libxml2 may. libxml2 works through a whole
/// DOCTYPE before its reader shows it, and takes minutes for a tag of 1 MiB full of attributes:
/// each is compared with each, and each prefix with every namespace of the elements around it.
/// `starts_at`, where it is wanted, gets the place of each start tag: libxml2 knows only the line
/// that one ends on.
Status scan_tags(std::string_view text,
                 const XmlLimits& limits,
                 std::vector<std::size_t>* starts_at = nullptr) {
    std::vector<std::size_t> open; // attributes of each open element
    std::size_t attributes = 0;    // of all of them
    std::size_t elements = 0;
    std::size_t at = 0;
    const auto refuse = [&](std::string_view why) {
        return fail(Errc::refused, "{}: {}", place(text, at), why);
    };
    const auto refuse_more = [&](std::string_view what, std::size_t most) {
        return fail(Errc::refused, "{}: {} {}", place(text, at), what, most);
    };
    if ((at = text.find('\0')) != std::string_view::npos) {
        return refuse("a zero byte; send UTF-8");
    }
    at = 0;
    while ((at = text.find('<', at)) != std::string_view::npos) {
        const std::string_view rest = text.substr(at);
        const auto starts = [&](std::string_view with) {
            return rest.substr(0, with.size()) == with;
        };
        std::size_t end = 0;
        if (starts("<!--")) {
            end = rest.find("-->", 4);
        } else if (starts("<![CDATA[")) {
            end = rest.find("]]>", 9);
        } else if (starts("<?")) {
            end = rest.find("?>", 2);
        } else if (starts("<!")) {
            return refuse("a DOCTYPE is not allowed");
        } else if (starts("</")) {
            if (!open.empty()) {
                attributes -= open.back();
                open.pop_back();
            }
            end = rest.find('>');
        } else {
            std::size_t here = 0;
            end = end_of_tag(rest, here);
            if (++elements > limits.elements) {
                return refuse_more("more elements than", limits.elements);
            }
            if (starts_at != nullptr) {
                starts_at->push_back(at);
            }
            if (attributes + here > most_attributes) {
                return refuse("more than 256 attributes on an element and those around it");
            }
            if (end != std::string_view::npos && rest[end - 1] != '/') {
                open.push_back(here);
                attributes += here;
                if (open.size() > limits.depth) {
                    return refuse_more("elements nest deeper than", limits.depth);
                }
            }
        }
        if (end == std::string_view::npos) {
            return {}; // cut short, which libxml2 says better
        }
        at += end;
    }
    return {};
}

struct ReaderFree {
    void operator()(xmlTextReader* reader) const noexcept { xmlFreeTextReader(reader); }
};

using ReaderPtr = std::unique_ptr<xmlTextReader, ReaderFree>;

#if LIBXML_VERSION >= 21200
using XmlError = const xmlError;
#else
using XmlError = xmlError;
#endif

/// The first complaint, which is the cause; libxml2 goes on to report what followed from it.
struct Complaint {
    std::string what;
    int line = 0;
    int column = 0;
};

extern "C" void keep_first(void* into, XmlError* error) {
    auto* complaint = static_cast<Complaint*>(into);
    if (error == nullptr || error->level < XML_ERR_ERROR || !complaint->what.empty()) {
        return;
    }
    try {
        std::string_view text = error->message != nullptr ? error->message : "";
        text = text.substr(0, text.find('\n'));
        complaint->line = error->line;
        complaint->column = error->int2;
        complaint->what = text.empty() ? "not well-formed" : printable(text);
    } catch (...) { // no memory for a message; C frames above us
    }
}

/// Some errors of libxml2 (of its encodings, for one) go past the reader to a handler of the
/// thread, which by default prints. The host may have its own there: it gets it back.
class Quiet {
  public:
    explicit Quiet(Complaint& complaint)
        : handler_(xmlStructuredError), context_(xmlStructuredErrorContext) {
        xmlSetStructuredErrorFunc(&complaint, keep_first);
    }

    ~Quiet() {
        xmlSetStructuredErrorFunc(context_, handler_);
        xmlResetLastError(); // it quotes the text, and would be kept until the thread's next one
    }

    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

  private:
    xmlStructuredErrorFunc handler_;
    void* context_;
};

std::string string_of(const xmlChar* text) {
    return text != nullptr ? std::string(reinterpret_cast<const char*>(text)) : std::string();
}

class Parser {
  public:
    /// `before` is what stands before `text` in the document.
    Parser(xmlTextReader* reader,
           std::string_view text,
           std::size_t before,
           std::vector<std::size_t> starts_at)
        : reader_(reader), text_(text), before_(before), starts_at_(std::move(starts_at)) {}

    Result<XmlNode> read(const Complaint& complaint) {
        int state = 0;
        while ((state = xmlTextReaderRead(reader_)) == 1) {
            if (auto status = node(); !status) {
                return tl::unexpected(status.error());
            }
        }
        if (state != 0) {
            return fail(Errc::malformed, "line {} column {}: {}", std::max(complaint.line, 1),
                        std::max(complaint.column, 1),
                        complaint.what.empty() ? "not well-formed" : complaint.what);
        }
        return std::move(root_);
    }

  private:
    Status node() {
        switch (xmlTextReaderNodeType(reader_)) {
        case XML_READER_TYPE_ELEMENT:
            element();
            return {};
        case XML_READER_TYPE_END_ELEMENT:
            open_.pop_back();
            return {};
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_WHITESPACE:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
            if (!open_.empty()) {
                open_.back()->text += string_of(xmlTextReaderConstValue(reader_));
            }
            return {};
        case XML_READER_TYPE_ENTITY_REFERENCE:
        case XML_READER_TYPE_DOCUMENT_TYPE: // refused before; here once more, to be safe
            return fail(Errc::refused,
                        "line {} column {}: '{}' is a DOCTYPE or an entity, which is not allowed",
                        line(), xmlTextReaderGetParserColumnNumber(reader_),
                        printable(string_of(xmlTextReaderConstName(reader_)), 40));
        default:
            return {}; // comments and processing instructions mean nothing here
        }
    }

    void element() {
        // The pointers in open_ stay valid: a list of children grows only while none of its
        // elements is open.
        XmlNode& node = open_.empty() ? root_ : open_.back()->children.emplace_back();
        node.name = string_of(xmlTextReaderConstName(reader_));
        set_place(node);
        const bool empty = xmlTextReaderIsEmptyElement(reader_) == 1;
        while (xmlTextReaderMoveToNextAttribute(reader_) == 1) {
            node.attributes.emplace_back(string_of(xmlTextReaderConstName(reader_)),
                                         string_of(xmlTextReaderConstValue(reader_)));
        }
        if (!empty) {
            open_.push_back(&node);
        }
    }

    /// Its elements come in the order of their start tags.
    void set_place(XmlNode& node) {
        if (starts_at_.empty()) {
            return; // no element without a tag
        }
        const std::size_t at = starts_at_[std::min(elements_++, starts_at_.size() - 1)];
        const std::string_view passed = text_.substr(passed_, at - passed_);
        line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
        passed_ = at;
        node.line = line_;
        node.at = before_ + at;
    }

    /// Of the node; the parser itself reads some hundred bytes ahead.
    int line() const { return static_cast<int>(xmlGetLineNo(xmlTextReaderCurrentNode(reader_))); }

    xmlTextReader* reader_;
    std::string_view text_;
    std::size_t before_;
    std::vector<std::size_t> starts_at_;
    std::size_t elements_ = 0; ///< seen so far
    std::size_t passed_ = 0;   ///< bytes up to the last one's tag
    int line_ = 1;             ///< of that tag
    XmlNode root_;
    std::vector<XmlNode*> open_;
};

/// XML 1.0, production 2.
bool is_xml_char(std::uint32_t code) noexcept {
    return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
           (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

} // namespace

const XmlNode* XmlNode::child(std::string_view wanted) const noexcept {
    for (const XmlNode& node : children) {
        if (node.name == wanted) {
            return &node;
        }
    }
    return nullptr;
}

std::string_view XmlNode::attribute(std::string_view wanted) const noexcept {
    for (const auto& [key, value] : attributes) {
        if (key == wanted) {
            return value;
        }
    }
    return {};
}

Result<XmlNode> parse_xml(std::string_view text, const XmlLimits& limits) {
    if (text.size() > limits.bytes || text.size() > INT_MAX) {
        return fail(Errc::refused,
                    "line 1 column 1: the document has {} bytes, more than the {} allowed",
                    text.size(), limits.bytes);
    }
    if (text.empty()) {
        return fail(Errc::truncated, "line 1 column 1: the document is empty");
    }
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const std::size_t before = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    text.remove_prefix(before);
    const auto encoding = encoding_of(text);
    if (!encoding) {
        return tl::unexpected(encoding.error());
    }
    if (auto scanned = scan_tags(text, limits); !scanned) {
        return tl::unexpected(scanned.error());
    }
    std::vector<std::size_t> starts_at; // only now: nothing is kept of what is refused
    if (auto scanned = scan_tags(text, limits, &starts_at); !scanned) {
        return tl::unexpected(scanned.error());
    }
    // Two threads that parse for the first time would race in the library's own set-up.
    [[maybe_unused]] static const bool is_set_up = (xmlInitParser(), true);
    Complaint complaint;
    const Quiet quiet(complaint);
    const ReaderPtr reader(xmlReaderForMemory(text.data(), static_cast<int>(text.size()), nullptr,
                                              encoding->c_str(),
                                              XML_PARSE_NONET | XML_PARSE_IGNORE_ENC));
    if (!reader) {
        return fail(Errc::io, "line 1 column 1: libxml2 cannot start: {}", complaint.what);
    }
    xmlTextReaderSetStructuredErrorHandler(reader.get(), keep_first, &complaint);
    return Parser(reader.get(), text, before, std::move(starts_at)).read(complaint);
}

std::string escape_xml(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Utf8 found = utf8_at(text, at);
        if (found.length == 0 || !is_xml_char(found.code)) {
            out += "\xEF\xBF\xBD";
            at += found.length == 0 ? 1 : found.length;
            continue;
        }
        switch (found.code) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&apos;";
            break;
        // A parser turns these three into blanks in an attribute, and a CR into an LF anywhere.
        case '\t':
            out += "&#9;";
            break;
        case '\n':
            out += "&#10;";
            break;
        case '\r':
            out += "&#13;";
            break;
        default:
            out.append(text, at, found.length);
        }
        at += found.length;
    }
    return out;
}

} // namespace base
