// SPDX-License-Identifier: MIT
// Judges what the module answers, by libxml2's XPath.
#pragma once

#include <string>

#include <libxml/parser.h>
#include <libxml/xpath.h>

namespace fake {

/// The string value of an XPath expression; "(no XML)" where the text is none.
inline std::string value(const std::string& text, const std::string& path) {
    xmlDoc* document = xmlReadMemory(text.data(), static_cast<int>(text.size()), "answer", nullptr,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (document == nullptr) {
        return "(no XML)";
    }
    xmlXPathContext* context = xmlXPathNewContext(document);
    xmlXPathObject* found = xmlXPathEvalExpression(
        reinterpret_cast<const xmlChar*>(("string(" + path + ")").c_str()), context);
    const std::string out =
        found == nullptr ? "(no such path)" : reinterpret_cast<const char*>(found->stringval);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return out;
}

/// Of <params> and <variables> of the one user of an answer.
inline std::string param(const std::string& text, const std::string& name) {
    return value(text, "//user/params/param[@name='" + name + "']/@value");
}

inline std::string variable(const std::string& text, const std::string& name) {
    return value(text, "//user/variables/variable[@name='" + name + "']/@value");
}

} // namespace fake
