"""flask-jwt-extended, as its documentation sets it up, and a user called ada."""

import os
import sys

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
)

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.urandom(32).hex()
jwt = JWTManager(app)
is_refusing = False


@jwt.token_in_blocklist_loader
def is_revoked(_header, payload):
    return is_refusing and payload["type"] == "refresh"


@app.post("/login")
def login():
    if request.json.get("username") != "ada" or request.json.get("password") != "lovelace":
        return jsonify(msg="Bad username or password"), 401
    return jsonify(access_token=create_access_token("ada"), refresh_token=create_refresh_token("ada"))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    return jsonify(access_token=create_access_token(get_jwt_identity()))


@app.get("/protected")
@jwt_required()
def protected():
    return jsonify(user=get_jwt_identity())


@app.post("/refuse")
def refuse():
    global is_refusing
    is_refusing = True
    return jsonify()


app.run("127.0.0.1", int(sys.argv[1]))
