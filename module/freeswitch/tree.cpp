// SPDX-License-Identifier: MIT
#include "module/freeswitch/tree.hpp"

namespace freeswitch {

Xml* Document::section(std::string_view name) const {
    return child_with(root_, "section", "name", name);
}

std::vector<Xml*> children(Xml* parent, const char* name) {
    std::vector<Xml*> out;
    for (Xml* child = parent == nullptr ? nullptr : xml_child(parent, name); child != nullptr;
         child = child->next) {
        out.push_back(child);
    }
    return out;
}

Xml* child_with(Xml* parent, const char* name, const char* attribute, std::string_view value) {
    for (Xml* child : children(parent, name)) {
        if (value == xml_attribute(child, attribute)) {
            return child;
        }
    }
    return nullptr;
}

std::string value_in(Xml* parent, const char* list, const char* item, std::string_view name) {
    for (Xml* each : children(parent, list)) {
        if (Xml* found = child_with(each, item, "name", name)) {
            return xml_attribute(found, "value");
        }
    }
    return {};
}

} // namespace freeswitch
