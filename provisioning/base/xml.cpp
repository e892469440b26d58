// SPDX-License-Identifier: MIT
// Reads XML with libxml2's reader into plain nodes; nothing else in the tree includes libxml2.
#include "provisioning/base/xml.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <climits>
#include <libxml/xmlerror.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlversion.h>
#include <memory>

namespace base {
namespace {

constexpr int deepest = 64;

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
    } catch (...) { // NOLINT(bugprone-empty-catch): no memory for a message; C frames above us
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

    ~Quiet() { xmlSetStructuredErrorFunc(context_, handler_); }

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
    explicit Parser(xmlTextReader* reader) : reader_(reader) {}

    Result<XmlNode> read(const Complaint& complaint) {
        int state = 0;
        while ((state = xmlTextReaderRead(reader_)) == 1) {
            if (auto status = node(); !status) {
                return tl::unexpected(status.error());
            }
        }
        if (state != 0) {
            return fail(Errc::malformed, "line {} column {}: {}",
                        complaint.line > 0 ? complaint.line : line(),
                        complaint.line > 0 ? complaint.column : column(),
                        complaint.what.empty() ? "not well-formed" : complaint.what);
        }
        return std::move(root_);
    }

  private:
    Status node() {
        switch (xmlTextReaderNodeType(reader_)) {
        case XML_READER_TYPE_ELEMENT:
            return element();
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
            return fail(Errc::refused,
                        "line {} column {}: entity '{}' is not allowed; only the five of XML are",
                        line(), column(),
                        printable(string_of(xmlTextReaderConstName(reader_)), 40));
        case XML_READER_TYPE_DOCUMENT_TYPE:
            return fail(Errc::refused, "line {} column {}: a DOCTYPE is not allowed", line(),
                        column());
        default:
            return {}; // comments and processing instructions mean nothing here
        }
    }

    Status element() {
        if (xmlTextReaderDepth(reader_) >= deepest) {
            return fail(Errc::refused, "line {} column {}: elements nest deeper than {}", line(),
                        column(), deepest);
        }
        // The pointers in open_ stay valid: a list of children grows only while none of its
        // elements is open.
        XmlNode& node = open_.empty() ? root_ : open_.back()->children.emplace_back();
        node.name = string_of(xmlTextReaderConstName(reader_));
        node.line = line();
        const bool empty = xmlTextReaderIsEmptyElement(reader_) == 1;
        while (xmlTextReaderMoveToNextAttribute(reader_) == 1) {
            node.attributes.emplace_back(string_of(xmlTextReaderConstName(reader_)),
                                         string_of(xmlTextReaderConstValue(reader_)));
        }
        if (!empty) {
            open_.push_back(&node);
        }
        return {};
    }

    int line() const { return xmlTextReaderGetParserLineNumber(reader_); }

    int column() const { return xmlTextReaderGetParserColumnNumber(reader_); }

    xmlTextReader* reader_;
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

Result<XmlNode> parse_xml(std::string_view text, std::size_t most) {
    if (text.size() > most || text.size() > INT_MAX) {
        return fail(Errc::refused,
                    "line 1 column 1: the document has {} bytes, more than the {} allowed",
                    text.size(), most);
    }
    if (text.empty()) {
        return fail(Errc::truncated, "line 1 column 1: the document is empty");
    }
    Complaint complaint;
    const Quiet quiet(complaint);
    const ReaderPtr reader(xmlReaderForMemory(text.data(), static_cast<int>(text.size()), nullptr,
                                              nullptr, XML_PARSE_NONET));
    if (!reader) {
        return fail(Errc::io, "line 1 column 1: libxml2 cannot start: {}", complaint.what);
    }
    xmlTextReaderSetStructuredErrorHandler(reader.get(), keep_first, &complaint);
    return Parser(reader.get()).read(complaint);
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
        case '\t': // a parser turns these three into blanks in an attribute, and CR into LF
                   // anywhere
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
