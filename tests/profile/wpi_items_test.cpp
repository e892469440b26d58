// SPDX-License-Identifier: MIT
// The shipped table of items is whole, and lists of them are compared with it.
#include "provisioning/base/tsv.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wpi::Item;
using wpi::ItemType;

std::string
wrong(const std::string& name, const std::string& value, std::optional<int> index = std::nullopt) {
    const auto checked = wpi::check_items({{name, index, value}});
    return checked ? "" : checked.error().what;
}

std::string list_error(const std::string& inside) {
    const auto list = wpi::parse_item_list("<ItemList>\n" + inside + "\n</ItemList>");
    return list ? "" : list.error().what;
}

} // namespace

TEST(WpiItems, TableIsWellFormed) {
    std::ifstream file(std::string(TEST_DATA) + "/../../conf/vendors/openstage/items.tsv");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::size_t rows = 0;
    for (const auto line : base::split_cells(text, '\n')) {
        rows += line.empty() || line[0] == '#' ? 0 : 1;
    }
    const auto cells = base::tsv_rows(text, 12);
    EXPECT_EQ(cells.size(), rows - 1) << "a row without 12 cells";
    EXPECT_EQ(wpi::item_rows().size(), cells.size());

    const std::set<std::string_view> types = {"text", "bool", "int", "enum", "ipv4", "host"};
    const std::set<std::string_view> indexes = {"no", "yes", "both"};
    const std::set<std::string_view> accesses = {"rw", "ro", "wo", "action"};
    const std::set<std::string_view> flags = {"", "basic", "restored", "start", "secret"};
    const std::set<std::string_view> sources = {"ADM",      "WIKI-DCMP", "PENT",    "GS3",
                                                "GS5",      "DLSIR",     "NODESIM", "PHPDCMP",
                                                "inferred", "unknown"};
    std::set<std::string_view> names;
    for (const auto& row : cells) {
        EXPECT_TRUE(names.insert(row[0]).second) << row[0] << " stands there twice";
        EXPECT_EQ(wpi::wrong_with({std::string(row[0]), std::nullopt, ""})
                      .value_or("")
                      .find("a name has"),
                  std::string::npos)
            << row[0];
        EXPECT_EQ(types.count(row[1]), 1U) << row[0];
        for (const auto cell : {row[2], row[3], row[4]}) {
            EXPECT_TRUE(cell.empty() || std::to_string(base::tsv_number(cell)) == cell) << row[0];
        }
        EXPECT_EQ(row[1] == "enum", !row[5].empty()) << row[0];
        EXPECT_EQ(indexes.count(row[6]), 1U) << row[0];
        EXPECT_EQ(accesses.count(row[7]), 1U) << row[0];
        for (const auto flag : base::split_cells(row[9], ',')) {
            EXPECT_EQ(flags.count(flag), 1U) << row[0];
        }
        for (const auto source : base::split_cells(row[10], ',')) {
            const bool is_page = source.size() > 1 && source[0] == 'G' &&
                                 source.find_first_not_of("0123456789", 1) == std::string::npos;
            EXPECT_TRUE(is_page || sources.count(source) == 1) << row[0] << ": " << source;
        }
    }
}

TEST(WpiItems, TableReadsAsItWasWritten) {
    const auto* port = wpi::item_row("reg-port");
    ASSERT_NE(port, nullptr);
    EXPECT_EQ(port->type, ItemType::integer);
    EXPECT_EQ(port->most, 65535);
    EXPECT_EQ(port->group, "registrar");
    EXPECT_TRUE(port->always_restored);
    EXPECT_FALSE(port->indexed);
    const auto* password = wpi::item_row("line-sip-pwd");
    ASSERT_NE(password, nullptr);
    EXPECT_TRUE(password->indexed && password->write_only && password->secret &&
                password->always_restored);
    EXPECT_EQ(password->group, wpi::item_row("function-key-def")->group);
    EXPECT_TRUE(wpi::item_row("dcmp-url")->each_start);
    EXPECT_TRUE(wpi::item_row("e164")->basic);
    EXPECT_FALSE(wpi::item_row("e164")->read_only);
    EXPECT_TRUE(wpi::item_row("mac-addr")->read_only);
    EXPECT_TRUE(wpi::item_row("restart-type")->in_actions);
    EXPECT_TRUE(wpi::item_row("ldap-server-address")->also_single);
    EXPECT_EQ(wpi::item_row("display-id")->longest, 24U);
    EXPECT_THAT(wpi::item_row("restart-type")->choices, ElementsAre("FactoryReset"));
    EXPECT_EQ(wpi::item_row("E164"), nullptr) << "case matters";
    for (const auto& row : wpi::item_rows()) {
        EXPECT_EQ(wpi::item_row(row.name), &row);
        EXPECT_TRUE(!row.least || !row.most || *row.least <= *row.most) << row.name;
        EXPECT_TRUE(row.secret || !row.write_only) << row.name;
        EXPECT_TRUE(!row.each_start || row.always_restored) << row.name;
    }
}

TEST(WpiItems, KnowsSecrets) {
    for (const char* name :
         {"sip-pwd", "line-sip-pwd", "admin-pwd", "user-pwd", "user-pwd-unicode", "ldap-pwd",
          "ssh-password", "file-pwd", "restart-password", "secure-mode-data", "bootstrapping-tan",
          "dls-client-certificate", "wbm-server-certificate", "cloud-pin-value",
          // and names that the table does not have
          "new-pwd", "HTTP-Password", "wlan-psk", "private-key", "some-ca", "x-certificate-2",
          "sip-tls-pin", "provisioning-token", "MySecret", "802.1x-passphrase"}) {
        EXPECT_TRUE(wpi::is_secret(name)) << name;
    }
    for (const char* name :
         {"reg-addr", "key-label", "function-key-def", "key-modules", "min-admin-passw-length",
          "locked-function-keys", "display-id", "shopping-list", "hockey", "function-key-new",
          "standard", "dls-server-ca"}) {
        EXPECT_FALSE(wpi::is_secret(name)) << name;
    }
}

TEST(WpiItems, AreComparedWithTheirTable) {
    EXPECT_EQ(wrong("ssh-enable", "false"), "");
    EXPECT_EQ(wrong("ssh-enable", "no"), "ssh-enable: 'no' should be true or false");
    EXPECT_EQ(wrong("reg-port", "5060"), "");
    EXPECT_EQ(wrong("reg-port", "70000"), "reg-port: '70000' should be a number from 0 to 65535");
    EXPECT_THAT(wrong("reg-port", "5060x"), HasSubstr("a number from"));
    EXPECT_THAT(wrong("reg-port", ""), HasSubstr("'' should be"));
    EXPECT_EQ(wrong("sntp-tz-offset", "-300"), "");
    EXPECT_EQ(wrong("reg-ttl", "x"), "reg-ttl: 'x' should be a number from 0 on");
    EXPECT_EQ(wrong("display-brightness", "-1"), "");
    EXPECT_EQ(wrong("ipaddress", "10.1.2.3"), "");
    EXPECT_EQ(wrong("ipaddress", ""), "");
    EXPECT_THAT(wrong("ipaddress", "10.1.2"), HasSubstr("an IPv4 address"));
    EXPECT_EQ(wrong("reg-addr", "sip.example_net"), "");
    EXPECT_THAT(wrong("reg-addr", "sip:example"), HasSubstr("the name of a host"));
    EXPECT_EQ(wrong("XML-app-action", "update", 1), "");
    EXPECT_THAT(wrong("XML-app-action", "add", 1), HasSubstr("'add' should be update or delete"));
    EXPECT_EQ(wrong("display-id", "Rezeption \xC3\xA4\xC3\xB6\xC3\xBC 01234567890"), "");
    EXPECT_THAT(wrong("display-id", std::string(25, 'a')),
                HasSubstr("25 characters, and at most 24 fit"));
    EXPECT_EQ(wrong("new-item", "any thing", 7), "") << "models differ";
}

TEST(WpiItems, HaveAnIndexWhereThereAreSeveral) {
    EXPECT_EQ(wrong("function-key-def", "59", 1), "");
    EXPECT_THAT(wrong("function-key-def", "59"), HasSubstr("needs an index"));
    EXPECT_EQ(wrong("reg-addr", "10.0.0.1", 1),
              "reg-addr[1]: there is only one of it, so it takes no index");
    EXPECT_EQ(wrong("ldap-server-address", "10.0.0.1"), "");
    EXPECT_EQ(wrong("ldap-server-address", "10.0.0.1", 2), "");
    EXPECT_EQ(wrong("dls-server-ca", "-----BEGIN\n-----END\n", 0), "");
    EXPECT_THAT(wrong("new-item", "1", -1), HasSubstr("an index is 0 or more"));
}

TEST(WpiItems, ThatAreNoSettingsCannotBeWritten) {
    EXPECT_THAT(wrong("mac-addr", "00:1A:E8:10:20:30"), HasSubstr("cannot be written"));
    EXPECT_THAT(wrong("restart-type", "FactoryReset"), HasSubstr("belongs to an action"));
    EXPECT_THAT(wrong("goto-secure-mode", "nopin"), HasSubstr("belongs to an action"));
    EXPECT_THAT(wrong("", "x"), HasSubstr("a name has"));
    EXPECT_THAT(wrong("a\"b", "x"), HasSubstr("a name has"));
    EXPECT_THAT(wrong(std::string(129, 'a'), "x"), HasSubstr("a name has"));
}

TEST(WpiItems, AreAllToldAndNoSecretIs) {
    const auto checked = wpi::check_items({{"reg-port", std::nullopt, "x"},
                                           {"sip-pwd", std::nullopt, "sesame\x01"},
                                           {"new-pwd", std::nullopt, std::string(300'000, 's')},
                                           {"dhcp", std::nullopt, "true"},
                                           {"dhcp", std::nullopt, "true"}});
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().what,
                AllOf(HasSubstr("reg-port: "), HasSubstr("; sip-pwd: its value has a control"),
                      HasSubstr("; new-pwd: its value has 300000 bytes"),
                      HasSubstr("; dhcp: it stands there twice"), Not(HasSubstr("sesame")),
                      Not(HasSubstr("sss"))));
    std::vector<Item> many(15, Item{"reg-port", std::nullopt, "x"});
    EXPECT_THAT(wpi::check_items(many).error().what, HasSubstr("; and 5 more"));
    EXPECT_TRUE(wpi::check_items({}));
}

TEST(WpiItemList, IsReadAsItWasRendered) {
    const auto list = wpi::parse_item_list("<ItemList>\n <Item name=\"reg-addr\"> a&amp;b \n</Item>"
                                           "<Item index='2' name='key-label'/></ItemList>");
    ASSERT_FALSE(list) << "an address";
    const auto good =
        wpi::parse_item_list("<ItemList>\n <Item name=\"realm\"> a&amp;b \n</Item><!-- x -->"
                             "<Item index='2' name='key-label'/></ItemList>");
    ASSERT_TRUE(good) << good.error().what;
    EXPECT_THAT(*good, ElementsAre(Item{"realm", std::nullopt, "a&b"}, Item{"key-label", 2, ""}));
    EXPECT_TRUE(wpi::parse_item_list("<ItemList/>")->empty());
}

TEST(WpiItemList, IsRefusedWithTheLineOfWhatIsWrong) {
    EXPECT_EQ(list_error("<Item name='reg-port'>x</Item>"),
              "line 2 column 1: reg-port: 'x' should be a number from 0 to 65535");
    EXPECT_EQ(list_error("<Item name='dhcp'>true</Item>\n<Item name='dhcp'>true</Item>"),
              "line 3 column 1: dhcp stands there twice");
    EXPECT_EQ(list_error("<item name='dhcp'>true</item>"),
              "line 2 column 1: found <item> where <Item> belongs");
    EXPECT_EQ(list_error("<Item name='dhcp' status='x'>true</Item>"),
              "line 2 column 1: an Item has a name and perhaps an index, and no status");
    EXPECT_EQ(list_error("<Item name='key-label' index='one'>x</Item>"),
              "line 2 column 1: index 'one' is no number");
    EXPECT_EQ(list_error("<Item name='realm'>\n<b/></Item>"),
              "line 3 column 1: there is an element inside the item realm");
    EXPECT_THAT(list_error("<Item>x</Item>"), HasSubstr("line 2 column 1: : a name has"));
    EXPECT_THAT(list_error("<Item"), HasSubstr("line 3"));
    EXPECT_THAT(wpi::parse_item_list("<Items/>").error().what, HasSubstr("<ItemList> belongs"));
}
