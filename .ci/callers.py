"""Prints who asks, one a line: a name, a tab, the header that says so.

The roles that the demo has no login for are given to new people, who choose a password and sign in.
"""

import base64
import json
import sys
import urllib.request

ready = json.load(open(sys.argv[1]))
api, org = ready["api"], ready["orgs"][0]


def basic(login):
    pair = f"{login['username']}:{login['password']}".encode()
    return "Authorization: Basic " + base64.b64encode(pair).decode()


def post(path, body, header):
    name, value = header.split(": ", 1)
    headers = {"content-type": "application/json", name: value, "x-org": org["org_id"]}
    asked = urllib.request.Request(api + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def member(role):
    email, chosen = f"fuzz-{role}@example.net", "Correct-Horse-Battery-1"
    made = post("/v1/iam/users", {"email": email, "role": role}, basic(org["logins"]["owner"]))
    nobody = "X-Org: " + org["org_id"]
    first = post("/v1/auth/login", {"email": email, "password": made["temp_password"]}, nobody)
    change = {"current_password": made["temp_password"], "new_password": chosen}
    token = post("/v1/auth/change-password", change, "Authorization: Bearer " + first["access_token"])
    return "Authorization: Bearer " + token["access_token"]


print("nobody\tX-Org: " + org["org_id"])
for role in ["owner", "admin", "dispatcher", "accountant", "viewer"]:
    print(f"{role}\t{basic(org['logins'][role])}")
for role in ["finance", "worker"]:
    print(f"{role}\t{member(role)}")
